import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dateAt, dayByDay, daysAfter, daysIn, halvesOf, type DateRange } from './date-range.ts';

const TODAY = '2026-03-14';

/** Every day that a range holds, of those about today. */
function daysOf({ from = '', to = '9' }: DateRange): readonly string[] {
  return Array.from({ length: 120 }, (_, index) => daysAfter(TODAY, index - 60)).filter(
    (day) => day >= from && day <= to,
  );
}

describe('dates on the wall', () => {
  it('are of the place, not of Greenwich', () => {
    const lateEvening = Date.UTC(2026, 2, 14, 23, 30);
    expect([dateAt(lateEvening, 0), dateAt(lateEvening, 60), dateAt(lateEvening, -1440)]).toEqual([
      '2026-03-14',
      '2026-03-15',
      '2026-03-13',
    ]);
  });

  it('pass over the ends of months and leap days', () => {
    expect([daysAfter('2024-02-28', 1), daysAfter('2026-03-01', -1), daysAfter('2026-01-01', -1)]).toEqual([
      '2024-02-29',
      '2026-02-28',
      '2025-12-31',
    ]);
  });
});

describe('a range of days', () => {
  it('goes day by day from what is to come to the oldest, without a gap', () => {
    const days = dayByDay('2026-03-12', TODAY);
    expect(days).toEqual([
      { from: '2026-03-15' },
      { from: '2026-03-14', to: '2026-03-14' },
      { from: '2026-03-13', to: '2026-03-13' },
      { from: '2026-03-12', to: '2026-03-12' },
    ]);
  });

  it('is halved until each piece is one day, and no day is lost or doubled', () => {
    const day = fc.integer({ min: -50, max: 50 });
    fc.assert(
      fc.property(day, fc.option(fc.nat(50), { nil: undefined }), (from, length) => {
        const first = daysAfter(TODAY, from);
        const range: DateRange = { from: first, ...(length !== undefined && { to: daysAfter(first, length) }) };
        const pending = [range];
        const pieces: DateRange[] = [];
        for (let piece = pending.shift(); piece !== undefined; piece = pending.shift()) {
          const halves = halvesOf(piece, TODAY);
          if (halves.length === 0) pieces.push(piece);
          pending.unshift(...halves);
        }
        expect(pieces.flatMap(daysOf).toSorted()).toEqual(daysOf(range));
        for (const piece of pieces) expect(piece.from === piece.to || (piece.from ?? '') > TODAY).toBe(true);
      }),
    );
  });

  it('without an end begins before there were images, and a day cannot be halved', () => {
    expect(halvesOf({}, TODAY)).toEqual([{ from: '1963-02-07' }, { from: '1900-01-01', to: '1963-02-06' }]);
    expect(halvesOf({ from: TODAY, to: TODAY }, TODAY)).toEqual([]);
    expect(halvesOf({ from: TODAY }, TODAY)).toEqual([{ from: '2026-03-15' }, { from: TODAY, to: TODAY }]);
    expect([
      daysIn({}, TODAY),
      daysIn({ from: TODAY }, TODAY),
      daysIn({ from: '2026-03-01', to: '2026-03-07' }, TODAY),
    ]).toEqual([Number.POSITIVE_INFINITY, 1, 7]);
  });
});
