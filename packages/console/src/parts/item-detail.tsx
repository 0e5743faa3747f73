/** One item of a loop: what went in, what came out, who ran it, and running it again. */
import type { Counters } from '../answers.ts';
import { urlOf, type LoopPath } from '../api.ts';
import { count, prettyText, seconds } from '../format.ts';
import { useFetch } from '../live.ts';
import { previewOf } from './item-row.tsx';
import { ProblemBox } from './problem-box.tsx';
import { RedriveButton } from './redrive-button.tsx';
import { StatusMark } from './status.tsx';
import { ValueView } from './value-view.tsx';

/** Characters of item and result that are shown; more is a download. */
const SHOWN = 65_536;

interface DetailProps {
  path: LoopPath;
  index: number;
  version: unknown;
  loop: Counters;
  onRedriven: () => void;
}

export function ItemDetail({ path, index, version, loop, onRedriven }: DetailProps) {
  const items = (query: { preview?: number }) =>
    urlOf('/api/executions/{id}/loops/{step}/items', {
      path,
      query: { after: index - 1, limit: 1, ...query },
    });
  const { data, problem } = useFetch(items({ preview: SHOWN }), version);
  const item = data?.items.find(({ current_index }) => current_index === index);
  const result = item && previewOf(item);
  const isCut = [result, item?.current_item].some((text) => (text?.length ?? 0) >= SHOWN);
  return (
    <article className="detail" aria-label={`Item ${String(index)}`}>
      <h3>Item {count(index)}</h3>
      <ProblemBox problem={problem} />
      {data && !item && <p className="empty">It is not done yet.</p>}
      {item && (
        <>
          <p className="row">
            <StatusMark status={item.status} />
            <span>{seconds(item.duration)}</span>
            <span className="faint">{item.worker_id}</span>
          </p>
          <ValueView label="Error" value={item.error} />
          <ValueView label="Item" value={item.current_item === null ? null : prettyText(item.current_item)} />
          <ValueView label="Result" value={result === '' ? null : prettyText(result ?? '')} />
          {isCut && <a href={items({})}>The whole of it</a>}
          {loop.stop_date !== null && (
            <RedriveButton
              id={loop.execution_id}
              label="Redrive this item"
              body={{ step: loop.step, indexes: [index] }}
              onRedriven={onRedriven}
            />
          )}
        </>
      )}
    </article>
  );
}
