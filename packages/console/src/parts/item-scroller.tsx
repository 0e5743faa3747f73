/**
 * All items by index, as a list of which only what is in view exists. Browsers do not draw elements of more than some
 * ten million pixels, so a larger loop is shown in spans.
 */
import { useEffect, useRef, useState } from 'react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { count } from '../format.ts';
import { PAGE, useItemPages } from './item-pages.ts';
import { ItemRow, type ListProps } from './item-row.tsx';
import { Pager } from './pager.tsx';

const SPAN = 100_000;
const ROW_PX = 32;

interface ScrollerProps extends ListProps {
  total: number;
}

export function ItemScroller({ path, total, version, jump, chosen, onChoose }: ScrollerProps) {
  const box = useRef<HTMLDivElement>(null);
  const [span, setSpan] = useState(0);
  const from = span * SPAN;
  const size = Math.max(0, Math.min(SPAN, total - from));
  const rows = useVirtualizer({
    count: size,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    overscan: 8,
  });
  useEffect(() => {
    if (!jump) return;
    setSpan(Math.floor(jump.index / SPAN));
  }, [jump]);
  useEffect(() => {
    if (jump && Math.floor(jump.index / SPAN) === span)
      rows.scrollToIndex(jump.index - from, { align: 'center' });
  }, [jump, span, from, rows]);
  const seen = rows.getVirtualItems();
  const first = Math.floor((from + (seen[0]?.index ?? 0)) / PAGE);
  const last = Math.floor((from + (seen.at(-1)?.index ?? 0)) / PAGE);
  const { items, isLoaded } = useItemPages(path, first, last, version);
  return (
    <div>
      <div ref={box} className="scroller" tabIndex={0} role="region" aria-label="All items by index">
        <ul style={{ height: rows.getTotalSize() }}>
          {seen.map(({ index, start }) => (
            <li
              key={from + index}
              style={{ transform: `translateY(${String(start)}px)` }}
              aria-setsize={total}
              aria-posinset={from + index + 1}
            >
              <ItemRow
                index={from + index}
                item={items.get(from + index)}
                loaded={isLoaded(from + index)}
                chosen={chosen === from + index}
                onChoose={onChoose}
              />
            </li>
          ))}
        </ul>
      </div>
      {total > SPAN && (
        <Pager
          label="Spans of items"
          back={['Lower', span === 0 ? undefined : () => setSpan(span - 1)]}
          on={['Higher', from + size >= total ? undefined : () => setSpan(span + 1)]}
        >
          <span>
            {count(from)} to {count(from + size - 1)}
          </span>
        </Pager>
      )}
    </div>
  );
}
