/** A playbook that may use a secret stores it: in each encoding, by each way out. */
import type { Attack } from '../../corpus.ts';
import type { SecretsStage } from './stage.ts';

/** Python expressions of `token`. */
const ENCODINGS: Record<string, string> = {
  'as it is': 'token',
  'nested JSON': 'json.dumps(json.dumps({"a": token}))',
  base64: 'base64.b64encode(token.encode()).decode()',
  'base64, one byte in': 'base64.b64encode(b"x" + token.encode() + b"yy").decode()',
  'base64, two bytes in': 'base64.b64encode(b"xx" + token.encode() + b"y").decode()',
  'base64 for URLs': 'base64.urlsafe_b64encode(b"u:" + token.encode()).decode()',
  hexadecimal: 'token.encode().hex()',
  HEXADECIMAL: 'token.encode().hex().upper()',
  'a URL': 'urllib.parse.quote(token, safe="")',
  'a form': 'urllib.parse.quote_plus(token)',
};
const WAYS: Record<string, string> = {
  'a result': 'result = {"deep": [out, {out: 1}]}',
  'a print': 'sys.stdout.write(out[:9]); sys.stdout.flush(); print(out[9:])',
  'an error': 'raise ValueError("no " + out + " here")',
};
const TOKEN = '{{ keychain.vault.password }}';
const HIDDEN = /\[REDACTED\]/;

export function toldByPlaybooks(stage: SecretsStage): Attack[] {
  const python = (code: string): object => ({
    kind: 'python',
    input: { token: TOKEN },
    code: `import base64, json, sys, urllib.parse\n${code}`,
  });
  const attack = (name: string, tool: object, step: object = {}): Attack => ({
    name,
    attempt: async () => stage.judge((await stage.run(tool, { step })).text, HIDDEN),
  });
  const url = stage.server.url;
  return [
    ...Object.entries(WAYS).flatMap(([way, end]) =>
      Object.entries(ENCODINGS).map(([encoding, out]) =>
        attack(`${way}, ${encoding}`, python(`out = ${out}\n${end}`)),
      ),
    ),
    attack('a variable', { kind: 'noop', result: 1, set: { 'ctx.kept': { deep: [TOKEN] } } }),
    attack('a large result, kept in pages', python('result = {"rows": [token] * 9000}')),
    attack('a part of an output that is cut', {
      kind: 'shell',
      env: { TOKEN },
      cmds: 'for i in $(seq 1 40000); do printf "%s " "$TOKEN"; done',
    }),
    attack('an excerpt in a message', python('raise ValueError("bad " + (token * 200)[:3990])')),
    attack('what a server echoes', {
      kind: 'http',
      method: 'POST',
      url: `${url}/echo`,
      headers: { 'x-a': 'b' },
      json: { TOKEN },
    }),
    attack('what a server echoes when it fails', {
      kind: 'http',
      method: 'POST',
      url: `${url}/fail`,
      json: { TOKEN },
    }),
    attack('a URL that cannot be reached', { kind: 'http', url: `http://127.0.0.1:1/?q=${TOKEN}` }),
    attack('a kept value', { kind: 'artifact', action: 'put', input: { data: { TOKEN } } }),
    attack('results of a loop', python('result = [token, base64.b64encode(token.encode()).decode()]'), {
      loop: { in: '{{ range(5) }}', iterator: 'n', spec: { mode: 'parallel' } },
    }),
    attack('dead letters of a loop', python('raise ValueError(token)'), {
      loop: {
        in: '{{ range(5) }}',
        iterator: 'n',
        spec: { mode: 'parallel', policy: { on_error: 'continue' } },
      },
    }),
  ];
}
