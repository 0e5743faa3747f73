/** What peers on PostgreSQL share: connections of ours, and a fresh database for each run. */
import pg from 'pg';

export async function connected(place: { url: string }): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: place.url });
  await client.connect();
  return client;
}

/** Makes an empty database on the server of this address; the address of the database. */
export async function freshDatabase(serverUrl: string, name: string): Promise<string> {
  const admin = await connected({ url: serverUrl });
  try {
    await admin.query(`CREATE DATABASE ${pg.escapeIdentifier(name)}`);
  } finally {
    await admin.end();
  }
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}
