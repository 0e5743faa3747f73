/** A corpus of attacks: what each one tries, and whether something stopped it. `npm run security` runs them all. */
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
