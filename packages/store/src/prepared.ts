/**
 * Statements that repeat are prepared: Postgres parses and plans them once a connection. kysely builds the same text
 * for the same query, so the text gives the name.
 */
import type { PostgresPool, PostgresPoolClient } from 'kysely';
import pg from 'pg';

/** Texts seen fewer times stay unnamed: migrations, lists of odd lengths. */
const USES_MIN = 3;
/** Each connection keeps them all. */
const NAMES_MAX = 300;
/** Of a statement prepared before a migration changed its table; a new connection prepares it anew. */
const STALE_PLAN = '0A000';

/** Behind a pooler that hands out another session for each transaction, and does not know of prepared statements. */
export class UnpreparedClient extends pg.Client {
  override query(...call: unknown[]): never {
    const [config, ...rest] = call;
    const isNamed = typeof config === 'object' && config !== null && 'name' in config && 'text' in config;
    const query = super.query.bind(this) as (...call: unknown[]) => never;
    return isNamed ? query({ ...config, name: undefined }, ...rest) : query(...call);
  }
}

/** The pool as kysely uses it. */
export function preparing(pool: pg.Pool): PostgresPool {
  const names = new Names();
  const wrapped = new WeakMap<pg.PoolClient, PostgresPoolClient>();
  return {
    connect: async () => {
      const client = await pool.connect();
      const known = wrapped.get(client) ?? wrap(client, names);
      wrapped.set(client, known);
      return known;
    },
    end: () => pool.end(),
  };
}

function wrap(client: pg.PoolClient, names: Names): PostgresPoolClient {
  let stale = false;
  const query = async (text: string, values: readonly unknown[]): Promise<pg.QueryResult> => {
    const name = names.of(text);
    try {
      return await client.query({ text, values: [...values], ...(name !== undefined && { name }) });
    } catch (error) {
      if (name !== undefined && (error as { code?: unknown }).code === STALE_PLAN) stale = true;
      throw error;
    }
  };
  // Cursors are not used: kysely calls `query` with a text and its values only.
  return { query, release: () => client.release(stale) } as unknown as PostgresPoolClient;
}

class Names {
  readonly #uses = new Map<string, number>();
  readonly #names = new Map<string, string>();

  of(text: string): string | undefined {
    const known = this.#names.get(text);
    if (known !== undefined || this.#names.size >= NAMES_MAX) return known;
    const uses = (this.#uses.get(text) ?? 0) + 1;
    if (uses < USES_MIN) {
      // What is seen once and never again must not pile up.
      if (this.#uses.size >= NAMES_MAX) this.#uses.clear();
      this.#uses.set(text, uses);
      return undefined;
    }
    this.#uses.delete(text);
    const name = `q${String(this.#names.size)}`;
    this.#names.set(text, name);
    return name;
  }
}
