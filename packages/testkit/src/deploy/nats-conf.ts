/** The part of deploy/nats/nats.conf that says who may do what: it follows from what the bus says of its roles. */
import { natsAccounts } from '@noetl/bus';

/** Pools of the examples; whoever has others adds their subjects. */
const POOLS = ['default', 'gpu'];

const WHO: Record<string, string> = {
  api: 'Decides what comes next: issues commands, hears that something has happened.',
  aggregator: 'Closes loops, counts what is open, and purges the counts of executions that are deleted.',
  worker: 'Takes commands of its pools, issues the next chunks of its loops, counts what is done.',
};

export function authorization(): string {
  const users = Object.entries(natsAccounts(POOLS)).map(
    ([role, { publish, subscribe }]) => `    # ${WHO[role] ?? ''}
    {
      user: ${role}
      password: $NATS_${role.toUpperCase()}_PASSWORD
      permissions: {
        publish: {
          allow: [
${publish.map((subject) => `            ${JSON.stringify(subject)}`).join('\n')}
          ]
        }
        subscribe: { allow: ${JSON.stringify(subscribe).replaceAll(',', ', ')} }
      }
    }`,
  );
  return `authorization {
  timeout: 5
  users: [
${users.join('\n')}
  ]
}
`;
}
