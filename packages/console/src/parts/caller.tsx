/** Who is signed in, and the way out; nothing where nobody has to sign in. */
import type { Schemas } from '../api.ts';
import { grantText } from '../format.ts';
import { signOut } from '../session.ts';

export function CallerMark({ caller }: { caller: Schemas['Caller'] | undefined }) {
  if (caller?.auth !== 'on') return null;
  return (
    <span className="caller">
      <span title={caller.grants.map(grantText).join(', ') || 'may do nothing'}>{caller.name}</span>
      <button type="button" className="plain" onClick={signOut}>
        Sign out
      </button>
    </span>
  );
}

/** Whether the pages of admins are worth a link. */
export function isAdmin(caller: Schemas['Caller'] | undefined): boolean {
  return caller?.auth === 'on' && caller.grants.some(({ role, prefix }) => role === 'admin' && prefix === '');
}
