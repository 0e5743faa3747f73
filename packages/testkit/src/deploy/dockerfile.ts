/** The Dockerfile: what a linter for its syntax says, and our rules for stages, users and package managers. */
import { DockerfileParser, type Dockerfile, type Instruction } from 'dockerfile-ast';
import { validate, ValidationSeverity } from 'dockerfile-utils';
import { SECRET_NAME, tagOf } from './environment.ts';
import type { Finding } from './finding.ts';

const FILE = 'deploy/docker/Dockerfile';

interface Stage {
  name: string;
  from: string;
  line: number;
  instructions: Instruction[];
}

/** `targets`: the stages that are built into images. */
export function dockerfileFindings(text: string, targets: readonly string[]): Finding[] {
  const at = (line: number, message: string): Finding => ({ place: `${FILE}:${String(line)}`, message });
  const syntax = validate(text, {
    deprecatedMaintainer: ValidationSeverity.ERROR,
    directiveCasing: ValidationSeverity.ERROR,
    emptyContinuationLine: ValidationSeverity.ERROR,
    instructionCasing: ValidationSeverity.ERROR,
    instructionCmdMultiple: ValidationSeverity.ERROR,
    instructionEntrypointMultiple: ValidationSeverity.ERROR,
    instructionHealthcheckMultiple: ValidationSeverity.ERROR,
    instructionWorkdirRelative: ValidationSeverity.ERROR,
  }).map(({ range, message }) =>
    at(range.start.line + 1, typeof message === 'string' ? message : message.value),
  );
  const dockerfile = DockerfileParser.parse(text);
  const stages = stagesOf(dockerfile);
  return [
    ...syntax,
    ...stages.flatMap((stage) => baseFindings(stage, stages).map((message) => at(stage.line, message))),
    ...dockerfile
      .getInstructions()
      .flatMap((one) =>
        instructionFindings(one).map((message) => at(one.getRange().start.line + 1, message)),
      ),
    ...targets.flatMap((target) => targetFindings(target, stages).map((message) => at(1, message))),
  ];
}

function stagesOf(dockerfile: Dockerfile): Stage[] {
  const stages: Stage[] = [];
  const given = new Map<string, string>();
  for (const instruction of dockerfile.getInstructions()) {
    const keyword = instruction.getKeyword();
    const [first = '', as, name] = instruction.getArguments().map((argument) => argument.getValue());
    if (keyword === 'ARG' && stages.length === 0)
      given.set(first.replace(/=.*/s, ''), first.replace(/^[^=]*=?/, ''));
    if (keyword === 'FROM')
      stages.push({
        name: as?.toUpperCase() === 'AS' && name !== undefined ? name : String(stages.length),
        from: first.replace(/\$\{?(\w+)\}?/g, (_, variable: string) => given.get(variable) ?? ''),
        line: instruction.getRange().start.line + 1,
        instructions: [],
      });
    stages.at(-1)?.instructions.push(instruction);
  }
  return stages;
}

function baseFindings({ from }: Stage, stages: readonly Stage[]): string[] {
  if (stages.some(({ name }) => name === from)) return [];
  const tag = tagOf(from);
  return [
    (tag === undefined || tag === 'latest') && `base image ${from} is not pinned to a version`,
    !/@sha256:[0-9a-f]{64}$/.test(from) && `base image ${from} has no digest`,
  ].filter((message) => message !== false);
}

function instructionFindings(instruction: Instruction): string[] {
  const text = instruction.getArgumentsContent() ?? '';
  const keyword = instruction.getKeyword();
  if (keyword === 'ADD') return ['use COPY: ADD fetches and unpacks'];
  if (keyword === 'ENV' || keyword === 'ARG') {
    const names = [...text.matchAll(/(\w+)=/g)].map(([, name = '']) => name);
    return names.filter((name) => SECRET_NAME.test(name)).map((name) => `${name} would stay in the image`);
  }
  if (keyword !== 'RUN') return [];
  return text
    .split(/&&|\|\||;/)
    .flatMap((command) =>
      [
        /\bnpm (ci|install)\b/.test(command) &&
          !command.includes('--ignore-scripts') &&
          'npm must not run install scripts: --ignore-scripts',
        /\bnpm install\b/.test(command) && 'npm ci takes what the lock file says',
        /\bapt-get install\b/.test(command) &&
          !command.includes('--no-install-recommends') &&
          'apt-get install without --no-install-recommends',
        /\bsudo\b/.test(command) && 'sudo has no place in an image',
      ].filter((message) => message !== false),
    );
}

/** The last USER decides, in the stage itself or in what it begins with. */
function targetFindings(target: string, stages: readonly Stage[]): string[] {
  let stage = stages.find(({ name }) => name === target);
  if (!stage) return [`there is no stage ${target}`];
  for (; stage; stage = stages.find(({ name }) => name === stage?.from)) {
    const user = stage.instructions.findLast((one) => one.getKeyword() === 'USER')?.getArgumentsContent();
    if (user === undefined || user === null) continue;
    return /^[1-9]\d*(:[1-9]\d*)?$/.test(user)
      ? []
      : [`target ${target} runs as ${user}: give a number that is not root's`];
  }
  return [`target ${target} runs as root`];
}
