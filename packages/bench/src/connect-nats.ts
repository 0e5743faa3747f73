/** A plain connection to a nats-server whose login stands in its URL, as our own servers have it. */
import { connect, type NatsConnection } from 'nats';

export function connectNats(url: string): Promise<NatsConnection> {
  const { host, username, password } = new URL(url);
  return connect({ servers: host, user: decodeURIComponent(username), pass: decodeURIComponent(password) });
}
