/** The tools of one worker, by kind, with the runner processes behind them. */
import type { Lookup, OutboundPolicy } from '@noetl/service';
import { artifact } from './artifact.ts';
import { allowedOnly, type Permission } from './allowed.ts';
import { codeTool } from './code-tool.ts';
import { createHttp, type Http } from './http/index.ts';
import { container } from './container.ts';
import { duckdbTool } from './duckdb.ts';
import { ducklakeTool } from './ducklake.ts';
import { DEFAULT_LIMITS, type Isolation } from './isolation/isolation.ts';
import type { Interpreter } from './isolation/interpreter.ts';
import { processLevel } from './isolation/process-level.ts';
import { natsTool } from './nats.ts';
import { NatsConnections } from './nats/connections.ts';
import { noop } from './noop.ts';
import { postgresTool } from './postgres.ts';
import { RunnerPool, type RunnerEnd } from './runner/pool.ts';
import { transferTool } from './transfer.ts';
import { runnerPrograms } from './runner/programs.ts';
import { PostgresPools } from './sql/pools.ts';
import { withScripts, type ScriptDeps } from './script.ts';
import { shellTool } from './shell.ts';
import { subscriptionTool } from './subscription.ts';
import type { Tool } from './tool.ts';
import { unavailable } from './unavailable.ts';

export interface Toolbox {
  get(kind: string): Tool | undefined;
  /** OAuth 2 tokens, shared with the keychain. */
  tokens: Http['tokens'];
  /** Kills the runners and ends all connections. */
  close(): Promise<void>;
}

export interface ToolboxOptions {
  /** The interpreter; what is on PATH when absent. */
  python?: Interpreter;
  /** What keeps code from the worker; without one it is a process with limits, and the worker's account. */
  isolation?: Isolation;
  /** Whether a runner may run code of several playbooks. */
  mixedRunners?: boolean;
  /** What playbooks may do on the worker itself; nothing of it when absent. */
  allowed?: readonly Permission[];
  /** Most runner processes per language. */
  runners: number;
  /** Base URLs that the http tool reaches at another address. */
  httpHosts?: Record<string, string>;
  /** Which addresses the http tool may reach; without it private ones, too. */
  outbound?: OutboundPolicy;
  /** How the http tool resolves names, unless as the system does it. */
  lookup?: Lookup;
  /** Folder that scripts of type `file` are read from. */
  scriptsDir?: string;
  /** Told of every runner process that is not used again. */
  runnerEnded?: (language: string, reason: RunnerEnd) => void;
}

export function createToolbox({
  python,
  isolation = processLevel({ limits: DEFAULT_LIMITS }),
  mixedRunners = false,
  allowed = [],
  runners,
  httpHosts = {},
  outbound = { private: 'allow', allow: [], own: [] },
  lookup,
  scriptsDir,
  runnerEnded = () => undefined,
}: ToolboxOptions): Toolbox {
  const programs = runnerPrograms(python ?? { program: 'python3', reads: [] }, isolation.limits);
  const poolOf = (language: 'python' | 'javascript') =>
    new RunnerPool({
      isolation,
      program: programs[language],
      max: runners,
      mixed: mixedRunners,
      ended: (reason) => runnerEnded(language, reason),
    });
  const pools = { python: poolOf('python'), javascript: poolOf('javascript') };
  const databases = new PostgresPools();
  const http = createHttp({ hosts: httpHosts, outbound, ...(lookup && { lookup }) });
  const scripts: ScriptDeps = {
    ...(scriptsDir !== undefined && { folder: scriptsDir }),
    http: (config, { environment }) =>
      http.run({
        config,
        input: {},
        environment,
        signal: environment.signal,
        idempotency_key: '',
        attempt: 1,
      }),
  };
  const code = [codeTool('python', pools.python), codeTool('javascript', pools.javascript)];
  const files = allowed.includes('duckdb_files');
  const sql = [postgresTool(databases), duckdbTool(files), ducklakeTool(files)];
  const nats = new NatsConnections();
  const tools = [
    noop,
    artifact,
    ...code.map((tool) => withScripts(tool, 'code', scripts)),
    ...sql.map((tool) => withScripts(tool, 'command', scripts)),
    http.tool,
    transferTool({ pools: databases, http: (config, call) => http.run({ ...call, config }) }),
    allowedOnly(shellTool(isolation), 'shell', allowed),
    natsTool(nats),
    subscriptionTool(nats),
    allowedOnly(container, 'container', allowed),
    ...unavailable,
  ];
  const byKind = new Map(tools.map((tool) => [tool.kind, tool]));
  return {
    get: (kind) => byKind.get(kind),
    tokens: http.tokens,
    close: async () => {
      const open = [pools.python, pools.javascript, http, databases, nats];
      await Promise.all(open.map((part) => part.close()));
      isolation.close();
    },
  };
}
