/** Data names a credential that the playbook does not. */
import type { Attack } from '../../corpus.ts';
import type { SecretsStage } from './stage.ts';

const REFUSED = /does not name the credential/;

export function chosenNames(stage: SecretsStage): Attack[] {
  const http = (auth: unknown): object => ({ kind: 'http', url: `${stage.server.url}/echo`, auth });
  const attack = (name: string, tool: object, more: { step?: object; payload?: object } = {}): Attack => ({
    name: `a credential named by ${name}`,
    attempt: async () => {
      const outcome = stage.judge((await stage.run(tool, more)).text, REFUSED);
      const used = stage.server.asked.some((asked) => asked.includes(stage.other));
      return used ? { blocked: false, how: 'the credential was used' } : outcome;
    },
  });
  const item = (value: unknown): { step: object; payload: object } => ({
    step: { loop: { in: '{{ items }}', iterator: 'i' } },
    payload: { items: [value] },
  });
  return [
    attack('an item', http('{{ i }}'), item('other')),
    attack(
      'a field of an item',
      http({ type: 'bearer', credential: '{{ i.name }}' }),
      item({ name: 'other' }),
    ),
    attack('parts of items', http('{{ i.a ~ i.b }}'), item({ a: 'oth', b: 'er' })),
    attack('a computed text', http("{{ 'oth' ~ 'er' }}")),
    attack('the answer of a step before', [
      { name: 'asked', kind: 'python', code: 'result = {"name": "".join(["o", "ther"])}' },
      { name: 'used', ...http('{{ asked.name }}') },
    ]),
    attack('the answer of a server', [
      {
        name: 'asked',
        kind: 'http',
        method: 'POST',
        url: `${stage.server.url}/echo`,
        json: { a: "{{ 'oth' ~ 'er' }}" },
      },
      { name: 'used', ...http('{{ (asked.data.asked.body | fromjson).a }}') },
    ]),
  ];
}
