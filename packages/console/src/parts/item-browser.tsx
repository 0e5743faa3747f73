/** Every item of a loop: all by index, or those of one state by keyset pages; one of them in detail. */
import { useEffect, useState, type SyntheticEvent } from 'react';
import type { Counters } from '../answers.ts';
import type { LoopPath, LoopState } from '../api.ts';
import { count } from '../format.ts';
import { useThrottled } from '../live.ts';
import { ItemDetail } from './item-detail.tsx';
import { ItemPager } from './item-pager.tsx';
import { ItemScroller } from './item-scroller.tsx';

const REFRESH_MS = 2_000;

interface BrowserProps {
  path: LoopPath;
  loop: Counters;
  /** The index to show, chosen elsewhere on the page. */
  target: number | undefined;
  onTarget: (index: number) => void;
  onRedriven: () => void;
}

export function ItemBrowser({ path, loop, target, onTarget, onRedriven }: BrowserProps) {
  const [state, setState] = useState<LoopState | ''>('');
  const [chosen, setChosen] = useState<number>();
  const [jump, setJump] = useState<{ index: number } | undefined>();
  const version = useThrottled(`${String(loop.results_written)} ${loop.status}`, REFRESH_MS);
  useEffect(() => {
    if (target === undefined) return;
    setJump({ index: target });
    setChosen(target);
  }, [target]);
  return (
    <section aria-labelledby="items" className="items">
      <h2 id="items">Items</h2>
      <div className="filters">
        <label>
          State
          <select value={state} onChange={(event) => setState(event.target.value as LoopState | '')}>
            <option value="">all ({count(loop.total)})</option>
            <option value="FAILED">failed ({count(loop.failed)})</option>
            <option value="SUCCEEDED">succeeded ({count(loop.succeeded)})</option>
          </select>
        </label>
        <JumpForm
          total={loop.total}
          onJump={(index) => {
            onTarget(index);
            setJump({ index });
            setChosen(index);
          }}
        />
      </div>
      <div className="columns items-columns">
        {state === '' ? (
          <ItemScroller
            path={path}
            total={loop.total}
            version={version}
            jump={jump}
            chosen={chosen}
            onChoose={setChosen}
          />
        ) : (
          <ItemPager
            key={state}
            path={path}
            state={state}
            version={version}
            jump={jump}
            chosen={chosen}
            onChoose={setChosen}
          />
        )}
        {chosen === undefined ? (
          <p className="empty">Choose an item to see what went in and what came out.</p>
        ) : (
          <ItemDetail path={path} index={chosen} version={version} loop={loop} onRedriven={onRedriven} />
        )}
      </div>
    </section>
  );
}

function JumpForm({ total, onJump }: { total: number; onJump: (index: number) => void }) {
  const [text, setText] = useState('');
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    const index = Number(text);
    if (text !== '' && Number.isInteger(index)) onJump(Math.max(0, Math.min(total - 1, index)));
  };
  return (
    <form onSubmit={submit} className="jump">
      <label>
        Go to index
        <input
          inputMode="numeric"
          pattern="[0-9]*"
          value={text}
          placeholder={`0 to ${String(total - 1)}`}
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      <button type="submit">Go</button>
    </form>
  );
}
