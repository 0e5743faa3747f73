/** The tools of one worker, by kind, with the runner processes behind them. */
import { fileURLToPath } from 'node:url';
import type { Lookup, OutboundPolicy } from '@noetl/service';
import { artifact } from './artifact.ts';
import { codeTool } from './code-tool.ts';
import { createHttp, type Http } from './http/index.ts';
import { container } from './container.ts';
import { duckdb } from './duckdb.ts';
import { ducklake } from './ducklake.ts';
import { natsTool } from './nats.ts';
import { NatsConnections } from './nats/connections.ts';
import { noop } from './noop.ts';
import { postgresTool } from './postgres.ts';
import { RunnerPool, type RunnerEnd } from './runner/pool.ts';
import { transferTool } from './transfer.ts';
import { PostgresPools } from './sql/pools.ts';
import { withScripts, type ScriptDeps } from './script.ts';
import { shell } from './shell.ts';
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
  pythonPath?: string;
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

const PYTHON_RUNNER = fileURLToPath(new URL('../runners/python/main.py', import.meta.url));
const JAVASCRIPT_RUNNER = fileURLToPath(new URL('../runners/javascript/', import.meta.url));

export function createToolbox({
  pythonPath = 'python3',
  runners,
  httpHosts = {},
  outbound = { private: 'allow', allow: [], own: [] },
  lookup,
  scriptsDir,
  runnerEnded = () => undefined,
}: ToolboxOptions): Toolbox {
  const python = new RunnerPool(
    { program: pythonPath, args: ['-I', '-B', PYTHON_RUNNER], env: runnerEnvironment() },
    runners,
    (reason) => runnerEnded('python', reason),
  );
  const javascript = new RunnerPool(
    { program: process.execPath, args: javascriptArgs(), env: {} },
    runners,
    (reason) => runnerEnded('javascript', reason),
  );
  const pools = new PostgresPools();
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
  const code = [codeTool('python', python), codeTool('javascript', javascript)];
  const sql = [postgresTool(pools), duckdb, ducklake];
  const nats = new NatsConnections();
  const tools = [
    noop,
    artifact,
    ...code.map((tool) => withScripts(tool, 'code', scripts)),
    ...sql.map((tool) => withScripts(tool, 'command', scripts)),
    http.tool,
    transferTool({ pools, http: (config, call) => http.run({ ...call, config }) }),
    shell,
    natsTool(nats),
    subscriptionTool(nats),
    container,
    ...unavailable,
  ];
  const byKind = new Map(tools.map((tool) => [tool.kind, tool]));
  return {
    get: (kind) => byKind.get(kind),
    tokens: http.tokens,
    close: async () => {
      const open = [python, javascript, http, pools, nats];
      await Promise.all(open.map((part) => part.close()));
    },
  };
}

/** A runner holds no keys: it gets a path to find programs by, and nothing else of the worker's environment. */
function runnerEnvironment(): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '/usr/bin:/bin', PYTHONUTF8: '1', LANG: 'C.UTF-8' };
}

/** Node's permission model as a second layer: no files but the runner, no child processes. */
function javascriptArgs(): string[] {
  const [major] = process.versions.node.split('.').map(Number) as [number];
  const flag = major >= 22 ? '--permission' : '--experimental-permission';
  return ['--no-warnings', flag, `--allow-fs-read=${JAVASCRIPT_RUNNER}*`, `${JAVASCRIPT_RUNNER}main.mjs`];
}
