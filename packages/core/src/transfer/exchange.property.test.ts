// Random ways of an exchange: whatever order events come in, the records that are let through keep the promises. What has
// happened is judged by a plain reading of the records, not by the state that is under test.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RECORD_TYPES, SAMPLE_PAYLOADS } from '../../test/transfer-records.ts';
import { foldExchange, mayFollow, type ExchangeRecord, type ExchangeRole, type ExchangeState } from './exchange.ts';
import type { RecordPayloads, RecordType } from './records.ts';

const BOTH: readonly RecordType[] = ['SEALED', 'CLOSED', 'EXPUNGED'];
const ENDS: readonly RecordType[] = ['CANCELLED', 'EXPIRED', 'RECALLED'];
const ASIDE: readonly RecordType[] = ['RETRY_WAIT', 'QUARANTINE', 'HELD', 'RELEASED', 'REPRIORITISED', ...ENDS];
const OF_SENDER: readonly RecordType[] = [
  ...(['DISCOVERED', 'OFFERED', 'SENDING'] as const),
  ...(['REMOTE_DURABLE', 'REMOTE_CONFIRMED', 'REMOTE_WITHDRAWN'] as const),
];
const WITHDRAWALS: readonly RecordType[] = ['R2_WITHDRAWN', 'REMOTE_WITHDRAWN'];
const UNTIL_LINKED: readonly RecordType[] = [
  ...(['RECONCILING', 'REVIEW', 'AWAITING_PATIENT', 'PROVISIONAL', 'DECIDED', 'LINKED'] as const),
];
/** What a held exchange still takes: nothing here moves bytes or files anything. */
const WHILE_HELD: readonly RecordType[] = [
  ...ASIDE,
  ...UNTIL_LINKED,
  ...WITHDRAWALS,
  ...(['UNLINKED', 'EARLY_STORED', 'REMOTE_DURABLE', 'REMOTE_CONFIRMED'] as const),
];
const ONCE: readonly RecordType[] = [
  ...(['OFFERED', 'SENDING', 'SEALED', 'REMOTE_DURABLE', 'EXPUNGED'] as const),
  ...(['ADMITTED', 'RECEIVING', 'VERIFIED', 'R1_SIGNED'] as const),
];
const isFirst = (type: RecordType) => type === 'DISCOVERED' || type === 'OFFER_SEEN';

/** What stands after some records of one attempt, read plainly. */
interface Standing {
  readonly types: readonly RecordType[];
  readonly isLinked: boolean;
  readonly isProvisional: boolean;
  readonly isEarly: boolean;
  readonly isStored: boolean;
  readonly isConfirmed: boolean;
  /** R2, at whichever side. */
  readonly isSigned: boolean;
  readonly isHeld: boolean;
}
const NOTHING: Standing = {
  types: [],
  isLinked: false,
  isProvisional: false,
  isEarly: false,
  isStored: false,
  isConfirmed: false,
  isSigned: false,
  isHeld: false,
};
const UNFILED = { isEarly: false, isStored: false, isConfirmed: false } as const;

function after(standing: Standing, type: RecordType): Standing {
  const before = isFirst(type) ? NOTHING : standing;
  const next = { ...before, types: [...before.types, type] };
  switch (type) {
    case 'PROVISIONAL':
      return { ...next, isProvisional: true };
    case 'LINKED':
      return { ...next, ...(before.isProvisional ? UNFILED : {}), isLinked: true, isProvisional: false };
    case 'UNLINKED':
      return { ...next, ...UNFILED, isLinked: false, isProvisional: false };
    case 'EARLY_STORING':
      return { ...next, isEarly: true };
    case 'STORED':
      return { ...next, isStored: true };
    case 'CONFIRMED':
      return { ...next, isConfirmed: true };
    case 'R2_SIGNED':
    case 'REMOTE_CONFIRMED':
      return { ...next, isSigned: true };
    case 'R2_WITHDRAWN':
    case 'REMOTE_WITHDRAWN':
      return { ...next, isSigned: false, isConfirmed: false };
    case 'HELD':
      return { ...next, isHeld: true };
    case 'RELEASED':
      return { ...next, isHeld: false };
    default:
      return next;
  }
}

/** One record of a walk: what stood before it, and the states around it. */
interface Step {
  readonly record: ExchangeRecord;
  readonly type: RecordType;
  readonly before: Standing;
  readonly from: ExchangeState | undefined;
  readonly to: ExchangeState;
}

interface Choice {
  /** Below 60 the walk prefers what was never recorded, below 95 it leaves out the ends. */
  readonly luck: number;
  readonly pick: number;
  /** How far a new attempt is counted up. */
  readonly skip: number;
}

/** At each turn one of the records that may follow. */
function walk(role: ExchangeRole, choices: readonly Choice[]): readonly Step[] {
  const steps: Step[] = [];
  let from: ExchangeState | undefined;
  let standing = NOTHING;
  for (const { luck, pick, skip } of choices) {
    const allowed = RECORD_TYPES.filter((type) => mayFollow(from, role, type));
    const fresh = allowed.filter((type) => !ASIDE.includes(type) && !standing.types.includes(type));
    const going = allowed.filter((type) => !ENDS.includes(type));
    const preferred = luck < 60 ? fresh : luck < 95 ? going : allowed;
    const choosable = preferred.length > 0 ? preferred : allowed;
    const type = choosable[pick % choosable.length];
    if (type === undefined) break;
    const record: ExchangeRecord = { payload: payloadOf(type, (from?.attempt ?? 0) + 1 + skip), role, type };
    const to = foldExchange(from, record);
    steps.push({ before: standing, from, record, to, type });
    standing = after(standing, type);
    from = to;
  }
  return steps;
}

function payloadOf(type: RecordType, attempt: number): RecordPayloads[RecordType] {
  const payload = SAMPLE_PAYLOADS[type];
  return isFirst(type) ? ({ ...payload, attempt } as RecordPayloads[RecordType]) : payload;
}

const choice = fc.record({
  luck: fc.integer({ max: 99, min: 0 }),
  pick: fc.nat(1_000),
  skip: fc.integer({ max: 2, min: 0 }),
});
const walks = fc
  .tuple(fc.constantFrom<ExchangeRole>('sender', 'receiver'), fc.array(choice, { maxLength: 60, size: 'max' }))
  .map(([role, choices]) => walk(role, choices));

/** Checks each step of many walks. */
function always(check: (step: Step) => void): void {
  fc.assert(fc.property(walks, (steps) => steps.forEach((step) => check(step))));
}
/** Checks each step that adds a record of these types. */
const whenever = (types: readonly RecordType[], check: (step: Step) => void) =>
  always((step) => types.includes(step.type) && check(step));

describe('an exchange, whatever happens to it', () => {
  it('is walked through every record there is', () => {
    const seen = new Set(fc.sample(walks, { numRuns: 600, seed: 7 }).flatMap((steps) => steps.map(({ type }) => type)));
    expect(RECORD_TYPES.filter((type) => !seen.has(type))).toEqual([]);
  });

  it('is filed only after R1 and under a patient', () => {
    whenever(['STORING'], ({ before: { isLinked, isProvisional, types } }) => {
      expect(types).toContain('R1_SIGNED');
      expect(isLinked || isProvisional).toBe(true);
    });
  });

  it('is filed early only before R1 and under a patient', () => {
    whenever(['EARLY_STORING'], ({ before: { isLinked, isProvisional, types } }) => {
      expect(types).not.toContain('R1_SIGNED');
      expect(isLinked || isProvisional).toBe(true);
    });
    whenever(['EARLY_STORED'], ({ before }) => expect(before.isEarly).toBe(true));
  });

  it('is signed for by R2 only when it was confirmed under a patient who is linked', () => {
    whenever(['R2_SIGNED'], ({ before }) =>
      expect(before).toMatchObject({ isConfirmed: true, isLinked: true, isStored: true }),
    );
  });

  it('is closed only while R2 stands', () => {
    whenever(['CLOSED'], ({ before }) => expect(before.isSigned).toBe(true));
  });

  it('is linked and unlinked in turn, and unlinked never while R2 stands', () => {
    whenever(['LINKED'], ({ before }) => expect(before.isLinked).toBe(false));
    whenever(['UNLINKED'], ({ before }) => expect(before).toMatchObject({ isLinked: true, isSigned: false }));
  });

  it('takes nothing more about its patient while it is linked', () => {
    whenever(UNTIL_LINKED, ({ before }) => expect(before.isLinked).toBe(false));
  });

  it('moves neither bytes nor filing while it is held', () => {
    always(({ before, from, to, type }) => {
      if (!isFirst(type)) expect(from?.held !== undefined).toBe(before.isHeld);
      if (!before.isHeld || from?.isOver !== false) return;
      expect(WHILE_HELD).toContain(type);
      expect(to.stage === from.stage || [...ENDS, ...WITHDRAWALS, ...OF_SENDER].includes(type)).toBe(true);
    });
  });

  it('takes nothing but withdrawals after its erasure, each once, and is erased only once it is over', () => {
    always(({ before, from, to, type }) => {
      if (type === 'EXPUNGED') expect(from?.isOver).toBe(true);
      const erasedAt = before.types.indexOf('EXPUNGED');
      if (erasedAt === -1) return;
      expect(WITHDRAWALS).toContain(type);
      expect(before.types.slice(erasedAt)).not.toContain(type);
      expect(to.isOver).toBe(true);
    });
  });

  it('takes back only an R2 that stands', () => {
    whenever(WITHDRAWALS, ({ before }) => expect(before.isSigned).toBe(true));
  });

  it('stays over, unless what was closed is opened by a withdrawal or a new attempt begins', () => {
    always(({ before, from, to, type }) => {
      if (from?.isOver !== true) return;
      const late = ['REMOTE_DURABLE', 'REMOTE_CONFIRMED', 'RECALLED', 'EXPUNGED', ...WITHDRAWALS];
      expect(isFirst(type) || late.includes(type)).toBe(true);
      if (to.isOver || isFirst(type)) return;
      expect(WITHDRAWALS).toContain(type);
      expect(before.types.filter((one) => ENDS.includes(one) || one === 'EXPUNGED')).toEqual([]);
    });
  });

  it('keeps to the records of its own side', () => {
    always(({ record, type }) => {
      const isSenders = OF_SENDER.includes(type);
      const isEithers = BOTH.includes(type) || ASIDE.includes(type);
      expect(isEithers || isSenders === (record.role === 'sender')).toBe(true);
    });
  });

  it('counts its attempts upwards, each without what the one before had', () => {
    always(({ before, from, to, type }) => {
      if (!isFirst(type)) return expect(to.attempt).toBe(from?.attempt);
      expect(to.attempt).toBeGreaterThan(from?.attempt ?? 0);
      expect(before.types).not.toContain('EXPUNGED');
      expect(from === undefined || from.isOver).toBe(true);
      expect(RECORD_TYPES.filter((one) => to.has(one))).toEqual([type]);
    });
  });

  it('records each step of the bytes once in an attempt', () => {
    whenever(ONCE, ({ before, type }) => expect(before.types).not.toContain(type));
  });

  it('folds to the same place when its key was erased', () => {
    const place = ({ held, isOver, patient, stage }: ExchangeState) => [stage, patient, isOver, held === undefined];
    const marks = (state: ExchangeState) => RECORD_TYPES.filter((type) => state.has(type));
    fc.assert(
      fc.property(walks, (steps) => {
        let erased: ExchangeState | undefined;
        for (const { record, to, type } of steps) {
          erased = foldExchange(erased, { ...record, payload: undefined });
          expect(place(erased)).toEqual(place(to));
          expect(marks(erased)).toEqual(marks(to));
          expect(erased.recorded(type)).toBeUndefined();
          expect(to.recorded(type)).toBe(record.payload);
        }
      }),
    );
  });

  it('refuses every record that may not follow, and changes nothing then', () => {
    fc.assert(
      fc.property(walks, fc.constantFrom(...RECORD_TYPES), (steps, type) => {
        const state = steps.at(-1)?.to;
        if (state === undefined || mayFollow(state, state.role, type)) return;
        const before = RECORD_TYPES.filter((one) => state.has(one));
        expect(() => foldExchange(state, { payload: SAMPLE_PAYLOADS[type], role: state.role, type })).toThrow(
          'TRANSFER_STATE',
        );
        expect(RECORD_TYPES.filter((one) => state.has(one))).toEqual(before);
      }),
    );
  });
});
