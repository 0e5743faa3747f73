/**
 * Freezes a loop's collection at its entry: small ones stay in the loop's row, large ones become stored pages. A
 * cursor loop gets an empty list that its frames fill.
 */
import { makeRef, refOf, type LoopOpening } from '@noetl/protocol';
import { externalise, newValueId, type Tx } from '@noetl/store';

export async function freezeCollection(tx: Tx, loop: LoopOpening): Promise<LoopOpening> {
  if (loop.cursor) {
    const { ref } = makeRef(loop.context.execution_id, 'list', await newValueId(tx), 0, 0);
    return { ...loop, collection: { kind: 'ref', ref, count: 0 } };
  }
  if (loop.collection.kind !== 'inline') return loop;
  const frozen = await externalise(tx, loop.context.execution_id, loop.collection.items);
  const ref = refOf(frozen);
  return ref ? { ...loop, collection: { kind: 'ref', ref: ref.ref, count: ref.count } } : loop;
}
