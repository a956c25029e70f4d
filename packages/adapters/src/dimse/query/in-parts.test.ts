import { PacsError } from '@interhosp/core/errors';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { halvesOf, inParts, type Span } from './in-parts.ts';

interface Study {
  readonly id: string;
  readonly date: string;
  /** Undefined: in no part of a day. */
  readonly minute?: number;
}

/** A PACS that refuses an answer longer than its limit, after that many. */
interface Archive {
  readonly studies: readonly Study[];
  readonly most?: number;
  readonly ignores?: 'time';
}

function isIn({ date, minute }: Study, { from, minutes, to }: Span, { ignores }: Archive): boolean {
  // Both ends of a range of times are in it.
  const isTime =
    ignores === 'time' ||
    minutes === undefined ||
    (minute !== undefined && minute >= minutes[0] && minute <= minutes[1]);
  return (from === undefined || date >= from) && (to === undefined || date <= to) && isTime;
}

async function searched(archive: Archive, span: Span, mostQueries = 10_000) {
  const found = new Set<string>();
  let queries = 0;
  const { most = Number.POSITIVE_INFINITY, studies } = archive;
  const ask = async function* (part: Span): AsyncGenerator<Study> {
    if (++queries > mostQueries) throw new Error('no end of queries');
    const matching = studies.filter((study) => isIn(study, part, archive));
    yield* matching.slice(0, Math.max(0, most));
    if (matching.length > most) {
      throw new PacsError('PACS_TOO_MANY', { details: { status: 0xa700 } });
    }
  };
  for await (const { id } of inParts(span, { ask, identityOf: ({ id }) => id })) found.add(id);
  return { found, queries };
}

function studiesOf(days: readonly string[], each: number): readonly Study[] {
  return days.flatMap((date) =>
    Array.from({ length: each }, (_, index) => ({ id: `${date}/${index}`, date, minute: (index * 37) % 1_440 })),
  );
}

const WEEK = ['2026-03-09', '2026-03-10', '2026-03-11', '2026-03-12', '2026-03-13', '2026-03-14', '2026-03-15'];
const SPAN = { from: '2026-03-01', to: '2026-03-31' };

describe('a search in parts', () => {
  it('finds everything where a long answer is refused, on one day as well', async () => {
    const archive: Archive = { studies: studiesOf(WEEK, 120), most: 50 };
    for (const span of [SPAN, { from: '2026-03-10', to: '2026-03-10' }, { from: '2026-03-12' }, { to: '2026-03-14' }]) {
      const meant = archive.studies.filter((study) => isIn(study, span, archive)).map(({ id }) => id);
      expect([...(await searched(archive, span)).found].toSorted()).toEqual(meant.toSorted());
    }
  });

  it('asks once where nothing is refused', async () => {
    expect((await searched({ studies: studiesOf(WEEK, 100) }, SPAN)).queries).toBe(1);
  });

  it('is too many where a study is in no part of a day, and does not pass it over', async () => {
    const day = { from: WEEK[0], to: WEEK[0] };
    const studies = [{ id: 'timeless', date: '2026-03-09' }, ...studiesOf(WEEK, 60)];
    await expect(searched({ studies, most: 50 }, day)).rejects.toMatchObject({ code: 'PACS_TOO_MANY' });
  });

  it('comes to an end where the time is ignored', async () => {
    const archive: Archive = { studies: studiesOf(WEEK, 60), most: 50, ignores: 'time' };
    const refused = searched(archive, { from: WEEK[0], to: WEEK[0] }, 20);
    await expect(refused).rejects.toMatchObject({ code: 'PACS_TOO_MANY' });
  });

  it.each([SPAN, { from: '2026-03-10' }, { to: '2026-03-10' }])(
    'comes to an end where all is refused: %o',
    async (span) => {
      const refused = searched({ studies: studiesOf(WEEK, 1), most: -1 }, span, 40);
      await expect(refused).rejects.toMatchObject({ code: 'PACS_TOO_MANY' });
    },
  );

  it('has other errors, and our own limit, for its end', async () => {
    for (const error of [new PacsError('PACS_BUSY'), new PacsError('PACS_TOO_MANY', { details: { limit: 10 } })]) {
      const ask = async function* (): AsyncGenerator<Study> {
        yield* studiesOf(WEEK, 1);
        throw error;
      };
      const search = async () => {
        for await (const _ of inParts(SPAN, { ask, identityOf: ({ id }) => id })) continue;
      };
      await expect(search()).rejects.toBe(error);
    }
  });

  it('finds everything, whatever is held and wherever the limit is', async () => {
    const study = fc.record({ date: fc.constantFrom(...WEEK), minute: fc.integer({ min: 0, max: 1_439 }) });
    const cases = fc.record({
      held: fc.uniqueArray(study, { maxLength: 300, selector: ({ date, minute }) => `${date} ${minute}` }),
      most: fc.integer({ min: 10, max: 80 }),
      isShuffled: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ held, isShuffled, most }) => {
        const studies = held.map((each, index) => ({ ...each, id: String(index) }));
        const ordered = isShuffled ? studies : studies.toSorted((one, two) => one.date.localeCompare(two.date));
        const { found } = await searched({ studies: ordered, most }, SPAN);
        expect(found.size).toBe(studies.length);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a span', () => {
  it('is halved until it is a minute, and nothing lies between its halves', () => {
    const pending: Span[] = [{ from: '2026-02-27', to: '2026-03-02' }];
    let minutes = 0;
    for (let span = pending.pop(); span !== undefined; span = pending.pop()) {
      const halves = halvesOf(span);
      pending.push(...halves);
      if (halves.length > 0) continue;
      const [begin, end] = span.minutes ?? [0, 0];
      expect(end - begin).toBe(1);
      minutes++;
    }
    expect(minutes).toBe(4 * 1_440);
  });
});
