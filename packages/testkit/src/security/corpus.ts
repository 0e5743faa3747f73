/** What a collection of attacks is: each is tried against real processes and says what stopped it, or what got through. */
export interface Outcome {
  readonly blocked: boolean;
  /** What stopped it, or what got through. */
  readonly how: string;
}
export interface Attack {
  readonly name: string;
  attempt(): Promise<Outcome>;
}
export interface OpenCorpus {
  readonly attacks: readonly Attack[];
  close(): Promise<void>;
}
/** Attacks of one kind, with what they need running. */
export interface Corpus {
  readonly name: string;
  open(): Promise<OpenCorpus>;
}
