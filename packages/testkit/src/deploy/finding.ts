/** What a part of the check has to say: where something is wrong, and what; and how much it looked at. */

export interface Finding {
  /** File, or overlay with kind and name, and the way into it. */
  place: string;
  message: string;
}

export interface Part {
  name: string;
  /** What was looked at: nothing at all is a failure, not a success. */
  checked: number;
  findings: Finding[];
  /** Why it could not be looked at. */
  missing?: string;
}

export function part(name: string, checked: number, findings: Finding[]): Part {
  const nothing = { place: name, message: 'there was nothing to check' };
  return { name, checked, findings: checked === 0 && findings.length === 0 ? [nothing] : findings };
}
