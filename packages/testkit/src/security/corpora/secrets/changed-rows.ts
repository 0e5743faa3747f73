/** Whoever can write to the database makes a worker open what does not belong there. */
import type { Attack, Outcome } from '../../corpus.ts';
import type { SecretsStage } from './stage.ts';

interface Row {
  name: string;
  type: string;
  version: string;
  data_encrypted: string;
}

const COLUMNS = 'name, type, version::text AS version, data_encrypted';
const REFUSED = /was changed, or comes from another place or version/;

export function changedRows(stage: SecretsStage): Attack[] {
  const read = async (name: string): Promise<Row> => {
    const [row] = await stage.ring.sql<Row>(`SELECT ${COLUMNS} FROM noetl.credential WHERE name = $1`, [
      name,
    ]);
    if (!row) throw new Error(`there is no credential ${name}`);
    return row;
  };
  const write = async (name: string, sealed: string, more = ''): Promise<unknown> =>
    stage.ring.sql(`UPDATE noetl.credential SET data_encrypted = $2 ${more} WHERE name = $1`, [name, sealed]);
  /** A credential of its own for each, since workers keep what they have opened for a moment. */
  const attack = (name: string, spoil: (victim: string) => Promise<unknown>): Attack => ({
    name,
    attempt: async (): Promise<Outcome> => {
      const victim = `victim ${name}`;
      await stage.save(victim, { token: 'mine-0123456789' }, 'bearer');
      await spoil(victim);
      const address = `/echo/${encodeURIComponent(name)}`;
      const { text } = await stage.run({ kind: 'http', url: `${stage.server.url}${address}`, auth: victim });
      const asked = stage.server.asked.filter((request) => request.includes(`${address}"`)).join('');
      return asked === '' ? stage.judge(text, REFUSED) : { blocked: false, how: 'the credential was used' };
    },
  });
  return [
    attack('the sealed data of another credential', async (victim) =>
      write(victim, (await read('other')).data_encrypted),
    ),
    attack('the whole row of another credential', async (victim) => {
      const { data_encrypted, version } = await read('other');
      return write(victim, data_encrypted, `, type = 'generic', version = ${version}`);
    }),
    attack('an older version of the same credential', async (victim) => {
      const { data_encrypted } = await read(victim);
      await stage.save(victim, { token: 'newer-0123456789' }, 'bearer');
      return write(victim, data_encrypted);
    }),
    attack('another type', async (victim) =>
      stage.ring.sql(`UPDATE noetl.credential SET type = 'basic' WHERE name = $1`, [victim]),
    ),
    attack('data of a credential that was deleted', async (victim) => {
      const { data_encrypted } = await read(victim);
      await stage.ring.sql('DELETE FROM noetl.credential WHERE name = $1', [victim]);
      await stage.save(victim, { token: 'newer-0123456789' }, 'bearer');
      return write(victim, data_encrypted);
    }),
    attack('the data key of another credential', async (victim) => {
      const other = JSON.parse((await read('other')).data_encrypted) as { dek: string };
      const own = JSON.parse((await read(victim)).data_encrypted) as object;
      return write(victim, JSON.stringify({ ...own, dek: other.dek }));
    }),
    attack('a flipped bit of the data', async (victim) =>
      write(victim, flipped((await read(victim)).data_encrypted, 'data')),
    ),
    attack('a flipped bit of the data key', async (victim) =>
      write(victim, flipped((await read(victim)).data_encrypted, 'dek')),
    ),
    attack('a claim to be of the first format', async (victim) => {
      const sealed = JSON.parse((await read(victim)).data_encrypted) as object;
      return write(victim, JSON.stringify({ ...sealed, v: 1 }), ', version = 0');
    }),
    attack('text that is not sealed', (victim) => write(victim, '{"token": "mine"}')),
  ];
}

/** The sealed text with a bit of one of its parts flipped. */
function flipped(sealed: string, part: 'data' | 'dek'): string {
  const all = JSON.parse(sealed) as Record<string, string>;
  const bytes = Buffer.from(all[part] ?? '', 'base64');
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  return JSON.stringify({ ...all, [part]: bytes.toString('base64') });
}
