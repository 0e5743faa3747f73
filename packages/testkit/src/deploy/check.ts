/** All that is deployed, looked at with what judges it for real: kustomize, schemas, grammars, and our own rules. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { alertFindings, ALERTS, RULE } from './alerts.ts';
import { composeFindings, composeImages, readCompose } from './compose.ts';
import { dockerfileFindings } from './dockerfile.ts';
import { imageFindings, type ImageUse } from './environment-rules.ts';
import { part, type Finding, type Part } from './finding.ts';
import { kindOf, schemaErrors } from './kinds.ts';
import { build, findKustomize, overlays, type Kustomize, type Manifest } from './kustomize.ts';
import { imagesOf, manifestFindings, placeOf } from './manifests.ts';
import { madeSecrets, madeVariables } from './scripts.ts';
import { typeErrors, type TypedManifest } from './types.ts';

const PARTS = ['kubernetes', 'compose', 'dockerfile', 'alerts', 'images'] as const;
type PartName = (typeof PARTS)[number];

export interface CheckOptions {
  /** The repository, or a copy of what is deployed of it. */
  root: string;
  only?: readonly PartName[];
  /** Of the overlays, these; all when absent. */
  overlays?: readonly string[];
}

/** One part after the other; a part that cannot be looked at says so in `missing`. */
export async function checkDeployment(options: CheckOptions): Promise<Part[]> {
  const { root, only = PARTS } = options;
  const read = (file: string): Promise<string> => readFile(join(root, file), 'utf8');
  const natsConf = await read('deploy/nats/nats.conf');
  const { version } = JSON.parse(await read('package.json')) as { version: string };
  const compose = await read('docker-compose.yml');
  const { file, findings } = readCompose(compose);
  const images: ImageUse[] = composeImages(file);
  const parts: Part[] = [];
  if (only.includes('kubernetes')) {
    const built = await kubernetes(options, { natsConf, version });
    images.push(...built.images);
    parts.push(built.part);
  }
  if (only.includes('compose')) {
    const ours = async (): Promise<Finding[]> =>
      composeFindings(compose, file, {
        natsConf,
        made: await madeVariables(root),
        exists: (path) => existsSync(join(root, path)),
      });
    const all = findings.length > 0 ? findings : await ours();
    parts.push(part('compose', Object.keys(file.services ?? {}).length, all));
  }
  if (only.includes('dockerfile')) {
    const targets = Object.values(file.services ?? {}).flatMap(({ build: built }) => built?.target ?? []);
    const text = await read('deploy/docker/Dockerfile');
    parts.push(part('dockerfile', new Set(targets).size, dockerfileFindings(text, [...new Set(targets)])));
  }
  if (only.includes('alerts')) {
    const alerts = alertFindings(await read(ALERTS), await read(RULE));
    parts.push(part('alerts', alerts.checked, alerts.findings));
  }
  if (only.includes('images')) parts.push(part('images', images.length, imageFindings(images, version)));
  return parts;
}

async function kubernetes(
  { root, overlays: chosen }: CheckOptions,
  its: { natsConf: string; version: string },
): Promise<{ part: Part; images: ImageUse[] }> {
  const kustomize = await findKustomize().catch((error: unknown) => (error as Error).message);
  if (typeof kustomize === 'string')
    return { part: { name: 'kubernetes', checked: 0, findings: [], missing: kustomize }, images: [] };
  const secrets = { dev: await madeSecrets(root, 'dev'), prod: await madeSecrets(root, 'prod') };
  const names = (await overlays(root)).filter((name) => chosen?.includes(name) ?? true);
  const built = await Promise.all(names.map((name) => buildOverlay(kustomize, root, name)));
  const findings = built.flatMap((one) => one.findings);
  const all = built.flatMap(({ name, manifests }) => manifests.map((manifest) => ({ name, manifest })));
  findings.push(...fieldFindings(all));
  for (const { name, manifests } of built) {
    // The smoke test is for every overlay: it may refer to what all have.
    const of = name === 'overlays/dev' || name === 'smoke' ? secrets.dev : secrets.prod;
    findings.push(...manifestFindings(name, manifests, { ...its, secrets: of }));
  }
  const images = built.flatMap(({ name, manifests }) => imagesOf(name, manifests));
  return { part: part('kubernetes', all.length, findings), images };
}

interface Built {
  name: string;
  manifests: Manifest[];
  findings: Finding[];
}

async function buildOverlay(kustomize: Kustomize, root: string, name: string): Promise<Built> {
  try {
    const manifests = await build(kustomize, root, name);
    const findings = manifests.length > 0 ? [] : [{ place: name, message: 'builds nothing' }];
    return { name, manifests, findings };
  } catch (error) {
    return {
      name,
      manifests: [],
      findings: [{ place: name, message: `does not build: ${(error as Error).message}` }],
    };
  }
}

/** Objects that overlays share are looked at once. */
function fieldFindings(all: readonly { name: string; manifest: Manifest }[]): Finding[] {
  const findings: Finding[] = [];
  const typed = new Map<string, TypedManifest>();
  for (const { name, manifest } of all) {
    const place = placeOf(name, manifest);
    const kind = kindOf(manifest);
    const text = JSON.stringify(manifest);
    if (kind === undefined)
      findings.push({
        place,
        message: `${manifest.apiVersion} ${manifest.kind} is no kind that belongs here`,
      });
    else if (!typed.has(text)) {
      typed.set(text, { place, module: kind.module, manifest });
      for (const { instancePath, message = '' } of schemaErrors(kind, manifest))
        findings.push({ place: `${place}${instancePath}`, message });
    }
  }
  return typed.size === 0 ? findings : [...findings, ...typeErrors([...typed.values()])];
}
