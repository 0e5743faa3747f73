/** Runs corpora of attacks one after another: what came of each. */
import type { Corpus } from './corpus.ts';

export interface Result {
  corpus: string;
  attack: string;
  blocked: boolean;
  how: string;
}

export interface RunOptions {
  onResult?: (result: Result) => void;
  /** Stops at the first that gets through. */
  first?: boolean;
}

/** An attempt that fails in itself shows nothing, so it counts as one that got through. */
export async function runCorpora(
  corpora: readonly Corpus[],
  { onResult = () => undefined, first = false }: RunOptions = {},
): Promise<Result[]> {
  const results: Result[] = [];
  for (const corpus of corpora) {
    const opened = await corpus.open();
    try {
      for (const attack of opened.attacks) {
        const outcome = await attack.attempt().catch((error: unknown) => ({
          blocked: false,
          how: `the attempt itself failed: ${error instanceof Error ? error.message : String(error)}`,
        }));
        const result = { corpus: corpus.name, attack: attack.name, ...outcome };
        results.push(result);
        onResult(result);
        if (first && !result.blocked) return results;
      }
    } finally {
      await opened.close();
    }
  }
  return results;
}

export interface Summary {
  attacks: number;
  blocked: number;
  /** Attacks and how many of them were blocked, by corpus. */
  corpora: Record<string, { attacks: number; blocked: number }>;
  through: Result[];
}

export function summaryOf(results: readonly Result[]): Summary {
  const corpora: Summary['corpora'] = {};
  for (const { corpus, blocked } of results) {
    const of = (corpora[corpus] ??= { attacks: 0, blocked: 0 });
    of.attacks += 1;
    if (blocked) of.blocked += 1;
  }
  const through = results.filter(({ blocked }) => !blocked);
  return { attacks: results.length, blocked: results.length - through.length, corpora, through };
}
