/** One item of a loop in a list. */
import type { Item } from '../answers.ts';
import type { LoopPath } from '../api.ts';
import { count, seconds } from '../format.ts';

/** What every list of items is given. */
export interface ListProps {
  path: LoopPath;
  version: unknown;
  jump: { index: number } | undefined;
  chosen: number | undefined;
  onChoose: (index: number) => void;
}

interface RowProps {
  index: number;
  /** Absent while it is not done or not loaded. */
  item: Item | undefined;
  loaded: boolean;
  chosen: boolean;
  onChoose: (index: number) => void;
}

/** Lists ask for results as the beginning of their JSON text. */
export function previewOf({ result }: Item): string {
  return typeof result === 'string' ? result : '';
}

export function ItemRow({ index, item, loaded, chosen, onChoose }: RowProps) {
  const isFailed = item?.status === 'FAILED';
  const sign = item ? (isFailed ? '✕' : '✓') : '·';
  const text = item ? (item.error ?? previewOf(item)) : loaded ? 'not done' : '…';
  return (
    <button type="button" className="item" aria-pressed={chosen} onClick={() => onChoose(index)}>
      <span className="index">{count(index)}</span>
      <span
        className={item ? (isFailed ? 'bad' : 'good') : 'faint'}
        aria-label={item?.status ?? 'not done'}
        role="img"
      >
        {sign}
      </span>
      <span className="took">{item ? seconds(item.duration) : ''}</span>
      <span className="text">{text}</span>
    </button>
  );
}
