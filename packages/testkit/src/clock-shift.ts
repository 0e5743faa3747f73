/** Loaded into a process of the product (`node --import`): its wall clock is wrong by `NOETL_TEST_CLOCK_SHIFT_MS`. */
const shift = Number(process.env['NOETL_TEST_CLOCK_SHIFT_MS'] ?? 0);
const now = Date.now.bind(Date);

class ShiftedDate extends Date {
  constructor(...parts: [] | [string | number | Date]) {
    if (parts.length === 0) super(now() + shift);
    else super(...parts);
  }
  static override now(): number {
    return now() + shift;
  }
}

globalThis.Date = ShiftedDate as DateConstructor;
