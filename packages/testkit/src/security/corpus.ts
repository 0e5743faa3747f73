/** What a corpus of attacks is: a list of attempts, each with what came of it. */
export interface Outcome {
  readonly blocked: boolean;
  /** What stopped it, or what got through. */ readonly how: string;
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
