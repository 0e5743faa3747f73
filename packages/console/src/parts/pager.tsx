/** The buttons between pages; one that leads nowhere has no action. */
import type { ReactNode } from 'react';

interface PagerProps {
  label: string;
  back: [name: string, go: (() => void) | undefined];
  on: [name: string, go: (() => void) | undefined];
  children?: ReactNode;
}

export function Pager({ label, back: [backName, goBack], on: [onName, goOn], children }: PagerProps) {
  return (
    <nav className="pager" aria-label={label}>
      <button type="button" disabled={!goBack} onClick={goBack}>
        {backName}
      </button>
      {children}
      <button type="button" disabled={!goOn} onClick={goOn}>
        {onName}
      </button>
    </nav>
  );
}
