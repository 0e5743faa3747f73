/** The tools of one worker, by kind, with the runner processes behind them. */
import { fileURLToPath } from 'node:url';
import { codeTool } from './code-tool.ts';
import { container } from './container.ts';
import { duckdb } from './duckdb.ts';
import { ducklake } from './ducklake.ts';
import { natsTool } from './nats.ts';
import { NatsConnections } from './nats/connections.ts';
import { noop } from './noop.ts';
import { RunnerPool } from './runner/pool.ts';
import { shell } from './shell.ts';
import { subscriptionTool } from './subscription.ts';
import type { Tool } from './tool.ts';
import { unavailable } from './unavailable.ts';

export interface Toolbox {
  get(kind: string): Tool | undefined;
  /** Kills the runners and closes the connections. */
  close(): Promise<void>;
}

export interface ToolboxOptions {
  pythonPath?: string;
  /** Most runner processes per language. */
  runners: number;
  /** Base URLs that the http tool reaches at another address. */
  httpHosts?: Record<string, string>;
}

const PYTHON_RUNNER = fileURLToPath(new URL('../runners/python/main.py', import.meta.url));
const JAVASCRIPT_RUNNER = fileURLToPath(new URL('../runners/javascript/main.mjs', import.meta.url));

export function createToolbox({ pythonPath = 'python3', runners }: ToolboxOptions): Toolbox {
  const python = new RunnerPool(
    { program: pythonPath, args: ['-I', '-B', PYTHON_RUNNER], env: runnerEnvironment() },
    runners,
  );
  const javascript = new RunnerPool({ program: process.execPath, args: javascriptArgs(), env: {} }, runners);
  const nats = new NatsConnections();
  const tools = [
    noop,
    codeTool('python', python),
    codeTool('javascript', javascript),
    shell,
    duckdb,
    ducklake,
    natsTool(nats),
    subscriptionTool(nats),
    container,
    ...unavailable,
  ];
  const byKind = new Map(tools.map((tool) => [tool.kind, tool]));
  return {
    get: (kind) => byKind.get(kind),
    close: async () => {
      await Promise.all([python.close(), javascript.close(), nats.close()]);
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
  return ['--no-warnings', flag, `--allow-fs-read=${JAVASCRIPT_RUNNER}`, JAVASCRIPT_RUNNER];
}
