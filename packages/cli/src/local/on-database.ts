/** Work on the database itself, past the api: with one connection, closed however it went. */
import type { Store } from '@noetl/store';

/** `of`: whose work it is, as Postgres names the session. */
export async function onDatabase<T>(url: string, of: string, work: (store: Store) => Promise<T>): Promise<T> {
  // Loaded only here: most commands need no database.
  const { connectStore } = await import('@noetl/store');
  const store = connectStore({
    url,
    maxConnections: 1,
    applicationName: `noetl-${of}`,
    onError: () => undefined,
  });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
