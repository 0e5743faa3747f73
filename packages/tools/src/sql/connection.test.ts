/** A credential says everything about its connection. */
import { expect, test } from '@jest/globals';
import { connectionOf } from './connection.ts';

const password = (data: Record<string, string>): unknown => {
  const { password: given } = connectionOf(data);
  return typeof given === 'function' ? given() : given;
};

test('fields and DSN say the same', () => {
  const fields = { db_host: 'h', db_port: '6432', db_user: 'u', db_password: 'p', db_name: 'd' };
  expect(connectionOf({ dsn: 'postgres://u:p@h:6432/d' })).toEqual(connectionOf(fields));
});

test('without a password there is none, whatever the environment holds', () => {
  expect(password({ db_host: 'h' })).toBe('');
  expect(password({ dsn: 'postgres://u@h/d' })).toBe('');
});

test.each([
  [{ dsn: 'postgres:///d?host=/var/run/postgresql' }],
  [{ dsn: 'socket:/var/run/postgresql?db=d' }],
  [{ dsn: '/var/run/postgresql d' }],
  [{ dsn: 'postgres://%2Fvar%2Frun%2Fpostgresql/d' }],
  [{ db_host: '/var/run/postgresql' }],
  [{ db_host: '@abstract' }],
  [{ dsn: 'postgres://u:p@h/d?sslrootcert=/etc/passwd' }],
  [{ dsn: 'postgres://u:p@h/d?sslkey=/etc/shadow' }],
  [{ dsn: 'postgres://h:not-a-port/d' }],
  [{ dsn: 'postgres:///d' }],
  [{}],
])('%j is refused', (data: Record<string, string>) => {
  expect(() => connectionOf(data)).toThrow(expect.objectContaining({ code: 'TOOL_CONFIG' }));
});
