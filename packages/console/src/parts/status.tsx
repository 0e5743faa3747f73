/** A status as a word with a sign and a colour: never by colour alone. */

const SIGNS: Record<string, [sign: string, tone: string]> = {
  PENDING: ['○', 'calm'],
  RUNNING: ['▶', 'busy'],
  STOPPING: ['▶', 'busy'],
  PAUSED: ['❚❚', 'warn'],
  COMPLETED: ['✓', 'good'],
  FAILED: ['✕', 'bad'],
  CANCELLED: ['■', 'warn'],
  ABORTED: ['■', 'warn'],
  SKIPPED: ['–', 'calm'],
};

export function StatusMark({ status, paused = false }: { status: string; paused?: boolean }) {
  const word = paused ? 'PAUSED' : status;
  const [sign, tone] = SIGNS[word] ?? ['·', 'calm'];
  return (
    <span className={`status ${tone}`}>
      <span aria-hidden="true">{sign}</span> {word}
    </span>
  );
}
