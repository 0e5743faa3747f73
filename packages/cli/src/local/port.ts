/**
 * Free TCP ports on the loopback interface, below those that systems hand out by themselves: a port that is found here
 * is not given to somebody's outgoing connection before its server listens. Each process looks in a block of its own.
 */
import { createServer } from 'node:net';

const FIRST = 20_000;
const BLOCKS = 120;
const BLOCK = 100;

let next = 0;

/** A port nobody listens on right now. Another process may still take it first: callers retry. */
export async function freePort(): Promise<number> {
  const block = FIRST + (process.pid % BLOCKS) * BLOCK;
  for (let tries = 0; tries < BLOCK; tries += 1) {
    const port = block + (next++ % BLOCK);
    if (await isFree(port)) return port;
  }
  throw new Error(`no TCP port from ${String(block)} to ${String(block + BLOCK - 1)} is free`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
