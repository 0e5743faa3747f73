/** Errors put into the modelled code on purpose, to show that a run finds them. */
export const MUTATIONS = {
  'no-fence': 'a chunk is finished without the fence',
  'ack-first': 'a message is acknowledged before the commit',
  'kv-add': 'the K/V count is added to instead of raised',
  'no-lock': "events get their ids without the execution's lock",
} as const;

export type Mutation = keyof typeof MUTATIONS;
