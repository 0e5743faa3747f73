/** The items of one state, a page at a time. */
import { useEffect, useState } from 'react';
import { asProblem, type LoopState, type Problem, type Schemas } from '../api.ts';
import { fetchItems } from './item-pages.ts';
import { ItemRow, type ListProps } from './item-row.tsx';
import { Pager } from './pager.tsx';
import { ProblemBox } from './problem-box.tsx';

interface PagerProps extends ListProps {
  state: LoopState;
}

export function ItemPager({ path: { id, step }, state, version, jump, chosen, onChoose }: PagerProps) {
  const [after, setAfter] = useState<number[]>([-1]);
  const [page, setPage] = useState<Schemas['LoopItemPage']>();
  const [problem, setProblem] = useState<Problem>();
  const start = after.at(-1) ?? -1;
  useEffect(() => {
    if (jump) setAfter([-1, jump.index - 1]);
  }, [jump]);
  useEffect(() => {
    let isWanted = true;
    fetchItems({ id, step }, start, state).then(
      (fetched) => {
        if (isWanted) setPage(fetched);
      },
      (error: unknown) => {
        if (isWanted) setProblem(asProblem(error));
      },
    );
    return () => {
      isWanted = false;
    };
  }, [id, step, state, start, version]);
  const next = page?.next ?? null;
  return (
    <div>
      <ProblemBox problem={problem} />
      <div className="scroller" tabIndex={0} role="region" aria-label={`Items: ${state.toLowerCase()}`}>
        {page?.items.length === 0 && <p className="empty">None from here on.</p>}
        <ul className="plain">
          {page?.items.map((item) => (
            <li key={item.current_index}>
              <ItemRow
                index={item.current_index}
                item={item}
                loaded
                chosen={chosen === item.current_index}
                onChoose={onChoose}
              />
            </li>
          ))}
        </ul>
      </div>
      <Pager
        label="Pages of items"
        back={['Lower', after.length < 2 ? undefined : () => setAfter(after.slice(0, -1))]}
        on={['Higher', next === null ? undefined : () => setAfter([...after, next])]}
      />
    </div>
  );
}
