/** Lines of the log, as machines and as people read them. */
import { PassThrough } from 'node:stream';
import { expect, test } from '@jest/globals';
import { transports } from 'winston';
import { createLog } from './log.ts';

function logged(format: 'json' | 'pretty'): string {
  const stream = new PassThrough();
  const log = createLog({ name: 'worker', level: 'info', format });
  // What it would write to stderr goes to us.
  const toUs: unknown = new transports.Stream({ stream });
  log.clear().add(toUs as Parameters<typeof log.add>[0]);
  const error = Object.assign(new Error('no room'), { code: '53100' });
  log.child({ execution_id: '12', step: 'each' }).warn('command failed', { error, from_index: 0 });
  log.debug('not said');
  return String(stream.read());
}

test('a line for machines has the fields of its place, and the error with message, code and stack', () => {
  const line = JSON.parse(logged('json')) as Record<string, unknown>;
  expect(line).toMatchObject({
    level: 'warn',
    process: 'worker',
    message: 'command failed',
    execution_id: '12',
    step: 'each',
    from_index: 0,
    error: { message: 'no room', code: '53100' },
  });
  expect((line['error'] as { stack: string }).stack).toContain('log.test');
  expect(Number.isNaN(Date.parse(String(line['timestamp'])))).toBe(false);
});

test('a line for people is one line', () => {
  expect(logged('pretty')).toMatch(
    /^\d\d:\d\d:\d\d\.\d{3} WARN {2}worker command failed (?=.*execution_id=12)(?=.*step=each)(?=.*error=no room).*\n$/,
  );
});
