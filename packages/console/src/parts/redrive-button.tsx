/** Runs chosen items of a loop again, after saying how many that would be. */
import { api, done, type Schemas } from '../api.ts';
import { count } from '../format.ts';
import { Confirm } from './confirm.tsx';

interface RedriveProps {
  id: string;
  label: string;
  /** The api's selector: a step, and which of its items. */
  body: Schemas['RedriveRequest'];
  onRedriven: () => void;
}

export function RedriveButton({ id, label, body, onRedriven }: RedriveProps) {
  const redrive = (more: { dry_run?: boolean }) =>
    done(api.POST('/api/executions/{id}/redrive', { params: { path: { id } }, body: { ...body, ...more } }));
  return (
    <Confirm
      label={label}
      preview={async () => {
        const { items } = await redrive({ dry_run: true });
        return `Runs ${count(items)} ${items === 1 ? 'item' : 'items'} again, and the steps that follow.`;
      }}
      act={async () => {
        await redrive({});
        onRedriven();
      }}
    />
  );
}
