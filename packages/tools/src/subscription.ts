/** The tool `subscription`: polls a stream for its next messages. */
import { NoetlError, type JsonObject } from '@noetl/protocol';
import { itemTool, type ToolCall } from './item-tool.ts';
import type { NatsConnections } from './nats/connections.ts';
import { consume } from './nats/consume.ts';
import { withNats } from './nats.ts';
import { textSetting } from './settings.ts';
import type { Tool } from './tool.ts';

const SCHEMA: JsonObject = {
  type: 'object',
  properties: {
    auth: { type: ['string', 'object'], description: 'A credential for NATS, as for the tool `nats`.' },
    source: { type: 'string', description: 'Where messages come from: nats.' },
    operation: { type: 'string', description: 'poll: read the next messages.' },
    topic: { type: 'string', description: 'Subject to read; wildcards are allowed.' },
    subject: { type: 'string', description: 'Another spelling of `topic`.' },
    stream: { type: 'string', description: 'Stream to read; default: the one that takes the subject.' },
    group: {
      type: 'string',
      description: 'Durable consumer, shared by all who name it; made where missing.',
    },
    durable: { type: 'string', description: 'Another spelling of `group`.' },
    deliver_policy: { type: 'string', description: 'Where a new group starts: all, new or last.' },
    batch: { type: 'number', description: 'Most messages; default 10.' },
    timeout_ms: { type: 'number', description: 'Longest wait; default 5000.' },
    ack: { type: 'boolean', description: 'Acknowledge what was read; default true.' },
  },
  required: ['auth'],
};

export function subscriptionTool(connections: NatsConnections): Tool {
  const run = (call: ToolCall) => {
    refuseOthers(call.config);
    return withNats(connections, 'subscription', call, consume);
  };
  return itemTool({ kind: 'subscription', schema: SCHEMA, timeout_s: 600, run });
}

function refuseOthers(config: JsonObject): void {
  const source = textSetting(config, 'source') ?? 'nats';
  if (!['nats', 'jetstream', 'nats_jetstream'].includes(source.toLowerCase())) {
    throw new NoetlError('TOOL_UNAVAILABLE', `the subscription tool cannot read from "${source}"`, {
      hint: 'Use `source: nats`, and bridge other brokers to a NATS stream.',
    });
  }
  const operation = textSetting(config, 'operation') ?? 'poll';
  if (operation === 'poll') return;
  throw new NoetlError('TOOL_CONFIG', `\`operation\` "${operation}" is unknown: only \`poll\``);
}
