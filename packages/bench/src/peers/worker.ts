/** One worker process of a peer: started by the driver, does what the variant says, ends with the driver. */
import { heavyBody } from './item.ts';
import { variantOf } from './catalogue.ts';
import { loader } from './install.ts';
import type { WorkerOrder, WorkerSays } from './messages.ts';

const TELL_EVERY_MS = 2;

process.once('disconnect', () => process.exit(0));
process.once('message', (order: WorkerOrder) => {
  // A rejection ends the process, and the driver hears of that.
  void start(order);
});

async function start(order: WorkerOrder): Promise<void> {
  let untold = 0;
  await variantOf(order.peer, order.variant).work({
    ...order,
    load: loader(order.folder),
    body: await heavyBody(order.padding),
    done(count) {
      if (untold === 0) {
        setTimeout(() => {
          say({ kind: 'done', count: untold });
          untold = 0;
        }, TELL_EVERY_MS);
      }
      untold += count;
    },
    listensOn: (url) => say({ kind: 'listens', url }),
  });
  say({ kind: 'ready' });
}

function say(message: WorkerSays): void {
  process.send?.(message);
}
