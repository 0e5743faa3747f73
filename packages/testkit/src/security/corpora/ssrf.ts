/**
 * Attacks by request: a playbook's URLs, redirects, names and headers that would like to reach what is not public. A
 * canary listens on loopback: an attack is blocked when nobody has come to it.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { JsonObject } from '@noetl/protocol';
import { createToolbox, type Toolbox } from '@noetl/tools';
import type { Attack, Corpus, Outcome } from '../corpus.ts';
import { callTool } from './tool-call.ts';
import { startDns } from './ssrf-dns.ts';
import { startWeb, type Web } from './ssrf-web.ts';
import { METADATA, NAMES, PRIVATE, REDIRECTS, SCHEMES, SPELLINGS, SPLITS } from './ssrf-tables.ts';

const RESULT_MAX = 11 * 1024 * 1024;
const REDIRECTS_MAX = 5;

interface Stage {
  web: Web;
  /** Public addresses and the web of the test. */
  strict: Toolbox;
  /** Private ones, too, as in development. */
  open: Toolbox;
}

export const corpus: Corpus = {
  name: 'ssrf',
  open: async () => {
    const web = await startWeb();
    const dns = await startDns(NAMES);
    const { lookup } = dns;
    const own = [`127.0.0.2:${String(web.ownPort)}`];
    const stage = {
      web,
      strict: createToolbox({
        runners: 1,
        lookup,
        outbound: { private: 'deny', allow: ['127.0.0.2', '127.0.0.3'], own },
      }),
      open: createToolbox({
        runners: 1,
        lookup,
        outbound: { private: 'allow', allow: ['0.0.0.0/0', '::/0'], own },
      }),
    };
    const close = async (): Promise<void> => {
      await Promise.all([stage.strict.close(), stage.open.close()]);
      await Promise.all([web.close(), dns.close()]);
    };
    return { attacks: attacksOn(stage), close };
  },
};

function attacksOn({ web, strict, open }: Stage): Attack[] {
  const port = (url: string): string => url.replaceAll('PORT', String(web.canaryPort));
  const get = (name: string, url: string, more: JsonObject = {}): Attack =>
    attack(`${name} ${JSON.stringify(url)}`, web, () =>
      callTool(strict, 'http', { url: port(url), ...more }),
    );
  const redirect = (to: string): string => `${web.decoy}/to?${encodeURIComponent(port(to))}`;
  return [
    ...SPELLINGS.map((url) => get('loopback as', url)),
    ...Object.keys(NAMES).map((name) => get('name', `http://${name}:PORT/`)),
    ...Object.keys(NAMES).map((name) =>
      attack(`name ${name}, twice`, web, async () => {
        await callTool(strict, 'http', { url: port(`http://${name}:PORT/`) });
        return callTool(strict, 'http', { url: port(`http://${name}:PORT/`) });
      }),
    ),
    ...REDIRECTS.map((url) => get('redirect to', redirect(url))),
    ...REDIRECTS.slice(0, 4).map((url) =>
      get('redirect of a POST to', redirect(url), { method: 'POST', json: {} }),
    ),
    ...SCHEMES.map((url) => get('scheme', url)),
    ...unreachable({ web, strict, open }),
    ...splits({ web, strict, open }),
    ...(['strict', 'open'] as const).map((name) =>
      attack(`the platform's own port, ${name}`, web, () =>
        callTool(name === 'strict' ? strict : open, 'http', {
          url: `http://127.0.0.2:${String(web.ownPort)}/`,
        }),
      ),
    ),
    attack('the token endpoint of a credential', web, () =>
      callTool(
        strict,
        'http',
        { url: web.decoy, auth: 'x' },
        { token_url: port('http://127.0.0.1:PORT/token') },
      ),
    ),
    attack('a script', web, () =>
      callTool(strict, 'python', {
        script: { uri: port('http://127.0.0.1:PORT/x.py'), source: { type: 'http' } },
      }),
    ),
    attack('the source of a transfer', web, () =>
      callTool(strict, 'transfer', {
        source: { type: 'http', url: port('http://127.0.0.1:PORT/') },
        target: { type: 'postgres', auth: 'x', table: 't' },
      }),
    ),
    secretsStay(web, strict),
    bomb(web, strict),
    endless(web, strict),
  ];
}

/** Addresses to which not even a connection is begun. */
function unreachable({ web, strict, open }: Stage): Attack[] {
  return [
    ...METADATA.map((url) => unopened(`metadata ${url}`, () => callTool(open, 'http', { url }))),
    ...METADATA.slice(0, 8).map((url) =>
      unopened(
        `metadata by redirect ${url}`,
        () => callTool(open, 'http', { url: `${web.decoy}/to?${encodeURIComponent(url)}` }),
        1,
      ),
    ),
    ...PRIVATE.map((url) => unopened(`private ${url}`, () => callTool(strict, 'http', { url }))),
  ];
}

function splits({ web, strict }: Stage): Attack[] {
  return [
    ...SPLITS.flatMap((text) => [
      split(web, `header value ${JSON.stringify(text)}`, () =>
        callTool(strict, 'http', { url: web.decoy, headers: { 'x-a': text } }),
      ),
      split(web, `header name ${JSON.stringify(text)}`, () =>
        callTool(strict, 'http', { url: web.decoy, headers: { [text]: 'a' } }),
      ),
      split(web, `path ${JSON.stringify(text)}`, () =>
        callTool(strict, 'http', { url: `${web.decoy}/${text}` }),
      ),
      split(web, `parameter ${JSON.stringify(text)}`, () =>
        callTool(strict, 'http', { url: web.decoy, params: { [text]: text } }),
      ),
      split(web, `method ${JSON.stringify(text)}`, () =>
        callTool(strict, 'http', { url: web.decoy, method: `GET ${text}` }),
      ),
    ]),
  ];
}

/** Blocked when the canary and the platform's own port have seen nobody, and nothing of them is in the answer. */
function attack(name: string, web: Web, work: () => Promise<string>): Attack {
  return {
    name,
    attempt: async (): Promise<Outcome> => {
      const before = web.visits();
      const answer = await work();
      const blocked = web.visits() === before && !/canary|root:/.test(answer);
      return { blocked, how: blocked ? answer.slice(0, 120) : 'the canary was reached' };
    },
  };
}

/** Blocked when no connection was begun, beyond those `expected` to servers that may be reached. */
function unopened(name: string, work: () => Promise<string>, expected = 0): Attack {
  return {
    name,
    attempt: async (): Promise<Outcome> => {
      let opened = 0;
      const count = (): void => {
        opened += 1;
      };
      subscribe('net.client.socket', count);
      const answer = await work().finally(() => unsubscribe('net.client.socket', count));
      const blocked = opened <= expected && !answer.startsWith('{');
      return { blocked, how: blocked ? answer.slice(0, 120) : `${String(opened)} connections were begun` };
    },
  };
}

/** Blocked when the server saw one request at most, without the header. */
function split(web: Web, name: string, work: () => Promise<string>): Attack {
  return {
    name,
    attempt: async (): Promise<Outcome> => {
      web.seen.length = 0;
      const answer = await work();
      const injected = web.seen.length > 1 || web.seen.some(({ headers }) => 'x-injected' in headers);
      return { blocked: !injected, how: injected ? 'a line was split' : answer.slice(0, 80) };
    },
  };
}

function secretsStay(web: Web, toolbox: Toolbox): Attack {
  return {
    name: 'credentials over a redirect to another origin',
    attempt: async (): Promise<Outcome> => {
      web.seen.length = 0;
      const headers = { cookie: 'session=secret', authorization: 'Basic secret' };
      const url = `${web.decoy}/to?${encodeURIComponent(web.other)}`;
      await callTool(toolbox, 'http', { url, headers });
      await callTool(toolbox, 'http', { url, auth: 'x' }, { api_key: 'secret', header: 'x-key' });
      const leaked = web.seen.filter(
        ({ host, headers: sent }) => host === '127.0.0.3' && /secret/.test(JSON.stringify(sent)),
      );
      const blocked = leaked.length === 0 && web.seen.some(({ host }) => host === '127.0.0.3');
      return {
        blocked,
        how: blocked ? 'the other server saw no secret' : JSON.stringify(leaked).slice(0, 120),
      };
    },
  };
}

function bomb(web: Web, toolbox: Toolbox): Attack {
  return {
    name: 'an answer of 100 MiB that is packed into 100 KiB',
    attempt: async (): Promise<Outcome> => {
      const answer = await callTool(toolbox, 'http', { url: `${web.decoy}/bomb` });
      return { blocked: answer.length < RESULT_MAX && !answer.startsWith('{'), how: answer.slice(0, 120) };
    },
  };
}

function endless(web: Web, toolbox: Toolbox): Attack {
  return {
    name: 'redirects without end',
    attempt: async (): Promise<Outcome> => {
      web.seen.length = 0;
      const answer = await callTool(toolbox, 'http', { url: `${web.decoy}/again` });
      return { blocked: web.seen.length <= REDIRECTS_MAX + 1, how: answer.slice(0, 120) };
    },
  };
}
