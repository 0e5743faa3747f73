/**
 * What stands between the code that playbooks run and the worker that runs it: named levels, the limits of one runner,
 * and how a program is started under them. Everything is set up when a process starts; items cost nothing.
 */

/**
 * `process`: a process of its own with limits. `sandbox`: namespaces besides, so that it sees no other process, no file
 * of the worker and, unless allowed, no network. `gvisor`: the worker's pod has a kernel of its own, as deployed.
 */
export type IsolationLevel = 'process' | 'sandbox' | 'gvisor';

/** Of one runner with all that it starts, or of one shell command. */
export interface RunnerLimits {
  memoryMb: number;
  /** Processes and threads together. */
  processes: number;
  /** Processor seconds that one item may use. */
  cpuSeconds: number;
  /** Seconds that one item may take, whatever its own time-out says. */
  itemSeconds: number;
  /** Most MiB of one file; in a sandbox also of all files together. */
  diskMb: number;
}

export const DEFAULT_LIMITS: RunnerLimits = {
  memoryMb: 2_048,
  processes: 256,
  cpuSeconds: 3_600,
  itemSeconds: 86_400,
  diskMb: 1_024,
};

/** What is to run. */
export interface Program {
  program: string;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  /** Folders and files it must be able to read. */
  reads?: readonly string[];
  /** Where it runs; the scratch folder when absent. */
  cwd?: string;
  /** Address space that is reserved and never used, as V8 does, on top of the limit. */
  reservedMb?: number;
}

/** A program as it is really started. */
export interface Launch {
  program: string;
  args: string[];
  env: Record<string, string>;
  cwd: string;
  /** Files that it inherits as descriptors 3, 4, …; closed by whoever starts it. */
  files: number[];
}

/** Where programs of one owner run: a scratch folder and perhaps an account, that nobody else has. */
export interface Enclosure {
  launch(program: Program): Launch;
  /** Ends what a program has left running, as far as it can be found. */
  endLeftOvers(): void;
  /** The same, and removes the scratch folder. May be called again. */
  leave(): void;
}

export interface Isolation {
  readonly level: IsolationLevel;
  /** What this level leaves open here, and why; for operators. */
  readonly gaps: readonly string[];
  readonly limits: RunnerLimits;
  /** Whether code reaches the network. */
  readonly network: boolean;
  /** Whether programs run in the worker's surroundings: its account and its files. */
  readonly shared: boolean;
  /** `several`: programs that run one after another and share the scratch folder; otherwise it is for one. */
  enter(options?: { several: boolean }): Enclosure;
  /** Removes what it keeps on disk. */
  close(): void;
}
