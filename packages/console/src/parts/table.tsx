/** A table that becomes cards on narrow screens; without rows, a sentence instead. */
import type { ReactNode } from 'react';

interface TableProps {
  heads: string[];
  empty: ReactNode;
  /** Table rows. */
  children: ReactNode[];
}

export function Table({ heads, empty, children }: TableProps) {
  if (children.length === 0) return <p className="empty">{empty}</p>;
  return (
    <table className="cards">
      <thead>
        <tr>
          {heads.map((head) => (
            <th key={head} scope="col">
              {head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}
