/**
 * Manifests as object literals of their kinds' types, checked by the TypeScript compiler: it refuses fields that a kind
 * does not have, which the validators of the models let pass.
 */
import ts from 'typescript';
import { typesOf } from './kinds.ts';
import type { Manifest } from './kustomize.ts';

export interface TypedManifest {
  place: string;
  module: string;
  manifest: Manifest;
}

const FILE = '/manifests.ts';
const OPTIONS: ts.CompilerOptions = {
  noEmit: true,
  strict: true,
  skipLibCheck: true,
  types: [],
  lib: ['lib.es2015.d.ts'],
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
};

/** Declarations are the same for every call. */
const known = new Map<string, ts.SourceFile | undefined>();

/** Fields that a kind does not have, and values of another type, each with its place. */
export function typeErrors(manifests: readonly TypedManifest[]): { place: string; message: string }[] {
  const host = ts.createCompilerHost(OPTIONS, true);
  const read = host.getSourceFile.bind(host);
  const source = ts.createSourceFile(FILE, textOf(manifests), ts.ScriptTarget.ES2022, true);
  host.getSourceFile = (name, ...rest) => {
    if (name === FILE) return source;
    if (!known.has(name)) known.set(name, read(name, ...rest));
    return known.get(name);
  };
  host.fileExists = (
    (exists) => (name) =>
      name === FILE || exists(name)
  )(host.fileExists.bind(host));
  const program = ts.createProgram([FILE], OPTIONS, host);
  const diagnostics = [
    ...program.getOptionsDiagnostics(),
    ...program.getSyntacticDiagnostics(source),
    ...program.getSemanticDiagnostics(source),
  ];
  return diagnostics.map(({ start, messageText }) => {
    const message = ts.flattenDiagnosticMessageText(messageText, '; ').replace(/;\s+/g, '; ');
    if (start === undefined) return { place: 'the types of manifests', message };
    const { statement, path } = placeOf(source, start);
    const place = manifests[statement - manifests.length]?.place ?? 'the types of manifests';
    return { place: `${place}${path}`, message };
  });
}

/** First all imports, then all literals: the index of a statement is that of its manifest. */
function textOf(manifests: readonly TypedManifest[]): string {
  const imports = manifests.map(
    ({ module, manifest }, at) =>
      `import type { I${manifest.kind} as T${String(at)} } from ${JSON.stringify(typesOf(module))};`,
  );
  const literals = manifests.map(
    ({ manifest }, at) => `export const m${String(at)}: T${String(at)} = ${JSON.stringify(manifest)};`,
  );
  return [...imports, ...literals].join('\n');
}

/** The statement, and the way into its literal. */
function placeOf(source: ts.SourceFile, start: number): { statement: number; path: string } {
  const steps: string[] = [];
  let node = innermost(source, start);
  while (!ts.isSourceFile(node.parent)) {
    const { parent } = node;
    if (ts.isPropertyAssignment(node)) steps.unshift(`/${(node.name as ts.StringLiteral).text}`);
    else if (ts.isArrayLiteralExpression(parent))
      steps.unshift(`/${String(parent.elements.indexOf(node as ts.Expression))}`);
    node = parent;
  }
  return { statement: source.statements.indexOf(node as ts.Statement), path: steps.join('') };
}

function innermost(source: ts.SourceFile, position: number): ts.Node {
  let node: ts.Node = source;
  for (;;) {
    const inner = ts.forEachChild(node, (child) =>
      child.getStart(source) <= position && position < child.end ? child : undefined,
    );
    if (!inner) return node;
    node = inner;
  }
}
