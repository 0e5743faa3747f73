/** All peers, in the order of the table. */
import { bullmq } from './bullmq.ts';
import { dbos } from './dbos.ts';
import { graphileWorker } from './graphile-worker.ts';
import type { Peer, Variant } from './peer.ts';
import { pgBoss } from './pg-boss.ts';
import { restate } from './restate.ts';

export const PEERS: Peer[] = [bullmq, pgBoss, graphileWorker, dbos, restate];

export function variantOf(peerName: string, variantName: string): Variant {
  const variant = PEERS.find((peer) => peer.name === peerName)?.variants[variantName];
  if (variant === undefined) throw new Error(`there is no peer ${peerName}/${variantName}`);
  return variant;
}
