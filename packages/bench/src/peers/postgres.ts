/** Our own connections to the database of a peer on PostgreSQL. */
import pg from 'pg';
import type { Place } from './peer.ts';

export async function connected(place: Pick<Place, 'url'>): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: place.url });
  await client.connect();
  return client;
}
