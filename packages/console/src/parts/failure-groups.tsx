/** Failed items of an execution's loops by what went wrong, each group with an example and a way to run it again. */
import { urlOf } from '../api.ts';
import type { DeadLetterGroup } from '../answers.ts';
import { count, prettyText } from '../format.ts';
import { useFetch } from '../live.ts';
import { ProblemBox } from './problem-box.tsx';
import { RedriveButton } from './redrive-button.tsx';
import { ValueView } from './value-view.tsx';

interface GroupsProps {
  id: string;
  /** Of this step; of all without. */
  step?: string;
  version?: unknown;
  /** The loop has ended, so that items of it can run again. */
  ended: boolean;
  onRedriven: () => void;
  /** Shows the item of this index. */
  onPick?: (index: number) => void;
}

export function FailureGroups({ id, step, version, ended, onRedriven, onPick }: GroupsProps) {
  const query = step === undefined ? {} : { step };
  const { data, problem } = useFetch(
    urlOf('/api/executions/{id}/dead-letters', { path: { id }, query }),
    version,
  );
  return (
    <section aria-labelledby="failures">
      <h2 id="failures">Failures by cause</h2>
      <ProblemBox problem={problem} />
      {data?.groups.length === 0 && <p className="empty">No item of a loop has failed.</p>}
      <ul className="groups">
        {data?.groups.map((group) => (
          <li key={`${group.step} ${String(group.code)} ${group.message_class}`}>
            <Group id={id} group={group} ended={ended} onRedriven={onRedriven} {...(onPick && { onPick })} />
          </li>
        ))}
      </ul>
    </section>
  );
}

interface GroupProps extends Pick<GroupsProps, 'id' | 'ended' | 'onRedriven' | 'onPick'> {
  group: DeadLetterGroup;
}

function Group({ id, group, ended, onRedriven, onPick }: GroupProps) {
  const { step, code, kind, message_class, count: items, sample, redrive } = group;
  return (
    <>
      <p>
        <strong className="bad">{count(items)} ×</strong> <code>{code ?? kind ?? 'error'}</code>{' '}
        {message_class} <span className="faint">in {step}</span>
      </p>
      <div className="row">
        {onPick && (
          <button type="button" onClick={() => onPick(sample.index)}>
            Show item {count(sample.index)}
          </button>
        )}
        {ended && <RedriveButton id={id} label="Redrive" body={redrive} onRedriven={onRedriven} />}
      </div>
      <details>
        <summary>Example: item {count(sample.index)}</summary>
        <ValueView label="Item" value={sample.item === null ? null : prettyText(sample.item)} />
        <ValueView label="Error" value={sample.error} />
      </details>
    </>
  );
}
