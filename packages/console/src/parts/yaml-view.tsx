/** A YAML document with numbered lines; those with findings are marked. */
import { useEffect, useRef } from 'react';
import type { Finding } from '../api.ts';

export function YamlView({ text, findings }: { text: string; findings: Finding[] }) {
  const box = useRef<HTMLPreElement>(null);
  const first = findings[0]?.place.line;
  useEffect(() => {
    const line = first === undefined ? null : box.current?.querySelector<HTMLElement>('.marked');
    if (box.current && line) box.current.scrollTop = line.offsetTop - box.current.clientHeight / 2;
  }, [first, text]);
  const marked = new Map(findings.map(({ place, message }) => [place.line, message]));
  return (
    <pre ref={box} className="yaml" tabIndex={0} aria-label="YAML">
      {text.split('\n').map((line, i) => {
        const message = marked.get(i + 1);
        return (
          <span key={i} className={message === undefined ? 'line' : 'line marked'} title={message}>
            <span className="number" aria-hidden="true">
              {i + 1}
            </span>
            {line}
            {message !== undefined && <span className="mark"> ◀ {message}</span>}
            {'\n'}
          </span>
        );
      })}
    </pre>
  );
}
