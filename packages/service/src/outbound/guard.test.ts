/** Which addresses may be reached under which policy, and the settings behind it. */
import { describe, expect, test } from '@jest/globals';
import { loadConfig } from '../config.ts';
import { plainAddress, refusalOf, type OutboundPolicy } from './guard.ts';

const strict: OutboundPolicy = { private: 'deny', allow: [], own: [] };
const open: OutboundPolicy = { private: 'allow', allow: [], own: [] };

const refused = (address: string, policy: Partial<OutboundPolicy>, more: object = {}): boolean =>
  refusalOf({ host: 'a.test', port: 80, address, ownAddresses: [], ...more }, { ...strict, ...policy }) !==
  undefined;

describe('addresses', () => {
  test.each(['93.184.216.34', '8.8.8.8', '2606:4700::1111', '::ffff:8.8.8.8', '64:ff9b::808:808'])(
    '%s is public',
    (address) => {
      expect([refused(address, strict), refused(address, open)]).toEqual([false, false]);
    },
  );

  test.each([
    ...[
      '127.0.0.1',
      '10.0.0.1',
      '172.20.0.1',
      '192.168.1.1',
      '100.64.0.1',
      '0.0.0.0',
      '224.0.0.1',
      '240.0.0.1',
    ],
    ...[
      '::1',
      '::',
      'fd12::1',
      'ff02::1',
      '::ffff:127.0.0.1',
      '::127.0.0.1',
      '64:ff9b::7f00:1',
      '2002:7f00:1::',
    ],
  ])('%s is for development only', (address) => {
    expect([refused(address, strict), refused(address, open)]).toEqual([true, false]);
  });

  test.each([
    ...['169.254.169.254', '169.254.0.1', '168.63.129.16', '100.100.100.200', '192.0.0.192', 'fd00:ec2::254'],
    ...['fe80::1', 'fe80::1%eth0', '::ffff:169.254.169.254', '64:ff9b::a9fe:a9fe', '2002:a9fe:a9fe::1'],
  ])('%s is never reached', (address) => {
    const all = ['0.0.0.0/0', '::/0', 'a.test', '169.254.169.254'];
    expect([refused(address, { ...strict, allow: all }), refused(address, { ...open, allow: all })]).toEqual([
      true,
      true,
    ]);
  });

  test('IPv4 inside IPv6 is what it leads to', () => {
    expect(plainAddress('::ffff:7f00:1').toString()).toBe('127.0.0.1');
    expect(plainAddress('::1').toString()).toBe('::1');
  });
});

describe('what is allowed all the same', () => {
  test.each<[string, boolean]>([
    ['10.0.0.0/8', false],
    ['10.1.2.3', false],
    ['10.1.2.3:80', false],
    ['10.1.2.3:81', true],
    ['a.test', false],
    ['A.TEST', false],
    ['a.test:80', false],
    ['a.test:8080', true],
    ['b.test', true],
    ['11.0.0.0/8', true],
    ['fd00::/8', true],
  ])('%s', (entry, isRefused) => {
    expect(refused('10.1.2.3', { allow: [entry] })).toBe(isRefused);
  });

  test("the platform's own services need their port", () => {
    const own = { ownAddresses: ['10.1.2.3'] };
    expect(refused('10.1.2.3', open, own)).toBe(true);
    expect(refused('10.1.2.3', { allow: ['10.0.0.0/8', 'a.test'] }, own)).toBe(true);
    expect(refused('10.1.2.3', { allow: ['a.test:80'] }, own)).toBe(false);
  });

  test('the refusal says what would change it', () => {
    const target = { host: 'a.test', port: 80, address: '10.1.2.3', ownAddresses: [] };
    expect(refusalOf(target, strict)).toEqual({
      reason: 'a.test leads to 10.1.2.3, which is not a public address',
      hint: 'If playbooks may reach it, add a.test or its network to NOETL_HTTP_ALLOW.',
    });
  });
});

describe('settings', () => {
  const base = { DATABASE_URL: 'postgres://u:p@db:6432/x', NATS_URL: 'nats://n1:4222,n2:4333' };

  test('production denies, development allows; the platform itself is known', () => {
    expect(loadConfig(base, false).outbound).toEqual({
      private: 'allow',
      allow: [],
      own: ['db:6432', 'n1:4222', 'n2:4333'],
    });
    expect(loadConfig({ ...base, NODE_ENV: 'production' }, false).outbound).toEqual({
      private: 'deny',
      allow: [],
      own: ['db:6432', 'n1:4222', 'n2:4333', '127.0.0.1:8082'],
    });
  });

  test('what is reached instead of a base URL may be reached', () => {
    const hosts = {
      NOETL_HTTP_HOSTS: 'https://api.example.com=http://127.0.0.1:8080',
      NOETL_HTTP_ALLOW: '10.0.0.0/8, a.test:80',
    };
    expect(loadConfig({ ...base, ...hosts }, false).outbound.allow).toEqual([
      '10.0.0.0/8',
      'a.test:80',
      '127.0.0.1:8080',
    ]);
  });

  test.each(['10.0.0.0/64', 'http://a.test', 'a b', '[::1', '*'])('%s is refused', (entry) => {
    expect(() => loadConfig({ ...base, NOETL_HTTP_ALLOW: entry }, false)).toThrow(/NOETL_HTTP_ALLOW/);
  });
});
