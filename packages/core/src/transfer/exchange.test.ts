import { describe, expect, it } from 'vitest';
import { RECORD_TYPES, SAMPLE_PAYLOADS } from '../../test/transfer-records.ts';
import { errorCodeOf } from '../errors/interhosp-error.ts';
import { foldExchange, mayFollow, type ExchangeRole, type ExchangeState } from './exchange.ts';
import type { RecordPayloads, RecordType } from './records.ts';

type Types = readonly RecordType[];

const SENT: Types = ['DISCOVERED', 'OFFERED', 'SENDING', 'SEALED'];
const SENDER: Types = [...SENT, 'REMOTE_CONFIRMED', 'CLOSED', 'EXPUNGED'];
const RECEIVED: Types = ['OFFER_SEEN', 'ADMITTED', 'RECEIVING', 'SEALED', 'VERIFIED', 'R1_SIGNED'];
const STORED: Types = ['STORING', 'STORED'];
const FILED: Types = [...RECEIVED, 'RECONCILING', 'LINKED', ...STORED, 'CONFIRMED'];
const RECEIVER: Types = [...FILED, 'R2_SIGNED', 'CLOSED', 'EXPUNGED'];

/** Without an attempt, so that it is the next. */
function payloadOf(type: RecordType): RecordPayloads[RecordType] {
  return { ...SAMPLE_PAYLOADS[type], attempt: undefined } as RecordPayloads[RecordType];
}

function add(state: ExchangeState | undefined, role: ExchangeRole, types: Types): ExchangeState {
  let next = state;
  for (const type of types) next = foldExchange(next, { payload: payloadOf(type), role, type });
  return next as ExchangeState;
}
const sent = (...types: Types) => add(undefined, 'sender', types);
const received = (...types: Types) => add(undefined, 'receiver', types);
/** What may follow, sorted as in RECORD_TYPES. */
const followers = (state: ExchangeState | undefined, role: ExchangeRole) =>
  RECORD_TYPES.filter((type) => mayFollow(state, role, type));
const stateError = (details: object) =>
  expect.objectContaining({ code: 'TRANSFER_STATE', details: expect.objectContaining(details) as object }) as Error;

describe('an exchange', () => {
  it.each([
    ['sender', SENDER],
    ['receiver', RECEIVER],
  ] as const)('goes its whole way as a %s', (role, types) => {
    const state = add(undefined, role, types);
    expect(state).toMatchObject({ attempt: 1, isOver: true, role, stage: 'EXPUNGED' });
    expect(types.every((type) => state.has(type))).toBe(true);
  });

  it.each([
    ['sender', SENDER],
    ['receiver', RECEIVER],
  ] as const)('can leave out no step as a %s', (role, types) => {
    for (const left of types.slice(0, -1)) {
      const others = types.filter((type) => type !== left);
      expect(() => add(undefined, role, others), left).toThrow(stateError({ role }));
    }
  });

  it('begins with one record on each side', () => {
    expect(followers(undefined, 'sender')).toEqual(['DISCOVERED']);
    expect(followers(undefined, 'receiver')).toEqual(['OFFER_SEEN']);
  });

  it('says which record did not fit, and where the exchange was', () => {
    try {
      received('OFFER_SEEN', 'STORING');
      expect.unreachable();
    } catch (error) {
      expect(errorCodeOf(error)).toBe('TRANSFER_STATE');
      expect(error).toMatchObject({ details: { kind: 'STORING', role: 'receiver', state: 'OFFER_SEEN' } });
    }
  });

  it('leaves the state before it as it was', () => {
    const before = sent('DISCOVERED');
    add(before, 'sender', ['OFFERED']);
    expect([before.stage, before.has('OFFERED')]).toEqual(['DISCOVERED', false]);
  });

  it('gives the latest payload of a type', () => {
    let state = received('OFFER_SEEN', 'ADMITTED', 'RECONCILING', 'REVIEW');
    for (const by of ['An', 'Bo']) {
      state = foldExchange(state, { payload: { by, kind: 'new' }, role: 'receiver', type: 'DECIDED' });
    }
    expect(state.recorded('DECIDED')).toEqual({ by: 'Bo', kind: 'new' });
    expect(state.recorded('LINKED')).toBeUndefined();
  });
});

describe('the attempts of an exchange', () => {
  const cancelled = sent('DISCOVERED', 'CANCELLED');

  it('are counted from one, and begin anew only once the one before is over', () => {
    expect(mayFollow(sent('DISCOVERED'), 'sender', 'DISCOVERED')).toBe(false);
    const again = add(cancelled, 'sender', ['DISCOVERED']);
    expect(again).toMatchObject({ attempt: 2, isOver: false, stage: 'DISCOVERED' });
    expect(again.has('CANCELLED')).toBe(false);
  });

  it('may be numbered by their first record, upwards only', () => {
    const begin = (state: ExchangeState | undefined, attempt: number) =>
      foldExchange(state, { payload: { ...SAMPLE_PAYLOADS.DISCOVERED, attempt }, role: 'sender', type: 'DISCOVERED' });
    expect(begin(undefined, 4).attempt).toBe(4);
    expect(begin(cancelled, 2).attempt).toBe(2);
    expect(() => begin(cancelled, 1)).toThrow(stateError({ attempt: 1 }));
    expect(() => begin(undefined, 0)).toThrow(stateError({ attempt: 0 }));
  });

  it('do not begin once the key is erased: a re-send is a new exchange', () => {
    expect(mayFollow(add(cancelled, 'sender', ['EXPUNGED']), 'sender', 'DISCOVERED')).toBe(false);
  });
});

describe('filing', () => {
  const linked: Types = ['RECONCILING', 'LINKED'];

  it('waits for R1 and for a patient, real or provisional', () => {
    const may = (...types: Types) => mayFollow(received(...types), 'receiver', 'STORING');
    expect(may(...RECEIVED)).toBe(false);
    expect(may(...RECEIVED, 'RECONCILING', 'REVIEW', 'DECIDED')).toBe(false);
    expect(may(...RECEIVED.slice(0, -1), ...linked)).toBe(false);
    expect(may(...RECEIVED, ...linked)).toBe(true);
    expect(may(...RECEIVED, 'RECONCILING', 'PROVISIONAL')).toBe(true);
  });

  it('is never confirmed by R2 for a provisional patient', () => {
    const provisional = received(...RECEIVED, 'RECONCILING', 'PROVISIONAL', ...STORED, 'CONFIRMED');
    expect(mayFollow(provisional, 'receiver', 'R2_SIGNED')).toBe(false);
  });

  it('is done again under the real patient after a provisional one', () => {
    const provisional = received(...RECEIVED, 'RECONCILING', 'PROVISIONAL', ...STORED, 'CONFIRMED', 'DECIDED');
    const state = add(provisional, 'receiver', ['LINKED']);
    expect((['PROVISIONAL', ...STORED, 'CONFIRMED'] as const).filter((type) => state.has(type))).toEqual([]);
    expect(mayFollow(state, 'receiver', 'R2_SIGNED')).toBe(false);
    expect(add(state, 'receiver', [...STORED, 'CONFIRMED', 'R2_SIGNED']).stage).toBe('R2_SIGNED');
  });

  it('is done again after the link was taken back, and the decision with it', () => {
    const decided: Types = ['RECONCILING', 'REVIEW', 'DECIDED', 'LINKED'];
    const state = received(...RECEIVED, ...decided, ...STORED, 'CONFIRMED', 'UNLINKED');
    expect((['LINKED', 'DECIDED', ...STORED, 'CONFIRMED'] as const).filter((type) => state.has(type))).toEqual([]);
    expect([state.patient, state.has('R1_SIGNED')]).toEqual(['RECONCILING', true]);
    expect(mayFollow(state, 'receiver', 'STORING')).toBe(false);
    expect(add(state, 'receiver', ['LINKED', ...STORED, 'CONFIRMED', 'R2_SIGNED']).stage).toBe('R2_SIGNED');
  });

  it('keeps the link for as long as R2 stands', () => {
    const signed = received(...FILED, 'R2_SIGNED');
    expect(mayFollow(signed, 'receiver', 'UNLINKED')).toBe(false);
    expect(mayFollow(add(signed, 'receiver', ['R2_WITHDRAWN']), 'receiver', 'UNLINKED')).toBe(true);
  });

  it('is confirmed anew before R2 is signed again after a withdrawal', () => {
    const withdrawn = received(...FILED, 'R2_SIGNED', 'CLOSED', 'R2_WITHDRAWN');
    expect(withdrawn).toMatchObject({ isOver: false, stage: 'R2_WITHDRAWN' });
    expect((['R2_SIGNED', 'CONFIRMED', 'CLOSED'] as const).filter((type) => withdrawn.has(type))).toEqual([]);
    expect(mayFollow(withdrawn, 'receiver', 'R2_SIGNED')).toBe(false);
    const again = add(withdrawn, 'receiver', ['CONFIRMED', 'R2_SIGNED']);
    expect([again.has('R2_SIGNED'), again.has('R2_WITHDRAWN')]).toEqual([true, false]);
  });

  it('is stored again until it is confirmed, and what is recorded last counts', () => {
    const stored = received(...FILED.slice(0, -1));
    const { outcomes } = SAMPLE_PAYLOADS.STORED;
    const payload = { outcomes: outcomes.slice(0, 1) };
    expect(foldExchange(stored, { payload, role: 'receiver', type: 'STORED' }).recorded('STORED')).toEqual(payload);
    expect(mayFollow(received(...FILED), 'receiver', 'STORED')).toBe(false);
  });

  it('may begin before the seal, with a patient, and not once R1 is signed', () => {
    const early = received('OFFER_SEEN', 'ADMITTED', 'RECEIVING', 'RECONCILING');
    expect(mayFollow(early, 'receiver', 'EARLY_STORING')).toBe(false);
    expect(mayFollow(add(early, 'receiver', ['PROVISIONAL']), 'receiver', 'EARLY_STORING')).toBe(true);
    const begun = add(early, 'receiver', ['LINKED', 'EARLY_STORING', 'EARLY_STORED', 'EARLY_STORED']);
    expect([begun.stage, begun.patient]).toEqual(['RECEIVING', 'LINKED']);
    expect(mayFollow(received(...RECEIVED, ...linked), 'receiver', 'EARLY_STORING')).toBe(false);
  });

  it('repeats what was stored early byte for byte, at the same coercion time', () => {
    const early: Types = ['OFFER_SEEN', 'ADMITTED', 'RECEIVING', ...linked, 'EARLY_STORING', 'EARLY_STORED'];
    const state = received(...early, 'SEALED', 'VERIFIED', 'R1_SIGNED');
    const store = (changes: Partial<RecordPayloads['STORING']>) =>
      foldExchange(state, { payload: { ...SAMPLE_PAYLOADS.STORING, ...changes }, role: 'receiver', type: 'STORING' });
    expect(store({}).stage).toBe('STORING');
    expect(() => store({ coercionTimeMs: 1 })).toThrow(stateError({ reason: 'coercion-time' }));
    expect(() => store({ utcOffsetMinutes: 0 })).toThrow(stateError({ reason: 'coercion-time' }));
    expect(mayFollow(store({}), 'receiver', 'EARLY_STORED')).toBe(false);
  });
});

describe('the patient region', () => {
  it('goes beside the bytes', () => {
    const state = received('OFFER_SEEN', 'ADMITTED', 'RECONCILING', 'REVIEW');
    expect([state.stage, state.patient]).toEqual(['ADMITTED', 'REVIEW']);
    expect(add(state, 'receiver', ['DECIDED']).patient).toBe('REVIEW');
  });

  it('takes no further decision once the study is linked, until it is unlinked', () => {
    const linked = received('OFFER_SEEN', 'ADMITTED', 'RECONCILING', 'REVIEW', 'LINKED');
    const PATIENT: Types = ['RECONCILING', 'REVIEW', 'AWAITING_PATIENT', 'PROVISIONAL', 'DECIDED', 'LINKED'];
    expect(PATIENT.filter((type) => mayFollow(linked, 'receiver', type))).toEqual([]);
    const unlinked = add(linked, 'receiver', ['UNLINKED']);
    expect(PATIENT.filter((type) => mayFollow(unlinked, 'receiver', type))).toEqual(PATIENT);
    expect(mayFollow(unlinked, 'receiver', 'UNLINKED')).toBe(false);
  });
});

describe('a held exchange', () => {
  it('stands still, keeps its place, and goes on once released', () => {
    const held = received('OFFER_SEEN', 'ADMITTED', 'HELD');
    expect(held).toMatchObject({ held: SAMPLE_PAYLOADS.HELD, stage: 'ADMITTED' });
    expect(mayFollow(held, 'receiver', 'RECEIVING')).toBe(false);
    const released = add(held, 'receiver', ['RELEASED']);
    expect([released.held, mayFollow(released, 'receiver', 'RECEIVING')]).toEqual([undefined, true]);
  });

  it('may still be cancelled in the midst of storing, and not once it is stored', () => {
    const storing = received(...RECEIVED, 'RECONCILING', 'LINKED', 'STORING');
    const held = add(storing, 'receiver', ['HELD']);
    const states = [storing, held, add(held, 'receiver', ['RELEASED']), received(...FILED.slice(0, -1), 'HELD')];
    expect(states.map((state) => mayFollow(state, 'receiver', 'CANCELLED'))).toEqual([false, true, false, false]);
    expect(add(held, 'receiver', ['CANCELLED'])).toMatchObject({ isOver: true, stage: 'CANCELLED' });
  });

  it('was held before it is released', () => {
    expect(mayFollow(sent('DISCOVERED'), 'sender', 'RELEASED')).toBe(false);
  });

  it('still has its patient settled, and takes receipts', () => {
    const held = received('OFFER_SEEN', 'ADMITTED', 'RECONCILING', 'REVIEW', 'HELD');
    expect(mayFollow(held, 'receiver', 'DECIDED')).toBe(true);
    expect(add(held, 'receiver', ['LINKED', 'UNLINKED']).patient).toBe('RECONCILING');
    expect(followers(sent(...SENT, 'HELD'), 'sender')).toEqual(
      expect.arrayContaining(['REMOTE_DURABLE', 'REMOTE_CONFIRMED']),
    );
  });

  it('is held also when nobody can read the reason any more', () => {
    const held = foldExchange(sent('DISCOVERED'), { payload: undefined, role: 'sender', type: 'HELD' });
    expect(held.held).toEqual({ code: 'STORAGE_KEY_ERASED' });
  });
});

describe('receipts at the sender', () => {
  it('need the seal, and R2 says all that a lost R1 said', () => {
    expect(mayFollow(sent('DISCOVERED', 'OFFERED', 'SENDING'), 'sender', 'REMOTE_CONFIRMED')).toBe(false);
    const confirmed = sent(...SENT, 'REMOTE_CONFIRMED');
    expect(add(confirmed, 'sender', ['REMOTE_DURABLE']).stage).toBe('REMOTE_CONFIRMED');
  });

  it('are kept when they come after the end, which stands', () => {
    const state = sent(...SENT, 'CANCELLED', 'REMOTE_DURABLE', 'REMOTE_CONFIRMED');
    expect(state).toMatchObject({ isOver: true, stage: 'CANCELLED' });
    expect(state.has('REMOTE_CONFIRMED')).toBe(true);
    expect(mayFollow(state, 'sender', 'CLOSED')).toBe(false);
  });

  it('taken back open what was closed, until they come anew', () => {
    const withdrawn = sent(...SENT, 'REMOTE_CONFIRMED', 'CLOSED', 'REMOTE_WITHDRAWN');
    expect(withdrawn).toMatchObject({ isOver: false, stage: 'REMOTE_WITHDRAWN' });
    expect(mayFollow(withdrawn, 'sender', 'CLOSED')).toBe(false);
    const again = add(withdrawn, 'sender', ['REMOTE_CONFIRMED', 'CLOSED']);
    expect([again.isOver, again.has('REMOTE_WITHDRAWN')]).toEqual([true, false]);
  });

  it('taken back after an end of another kind open nothing', () => {
    const state = sent(...SENT, 'REMOTE_CONFIRMED', 'CLOSED', 'RECALLED', 'REMOTE_WITHDRAWN');
    expect(state).toMatchObject({ isOver: true, stage: 'REMOTE_WITHDRAWN' });
    expect(state.has('REMOTE_CONFIRMED')).toBe(false);
  });

  it('taken back were given before', () => {
    expect(mayFollow(sent(...SENT, 'REMOTE_DURABLE'), 'sender', 'REMOTE_WITHDRAWN')).toBe(false);
  });
});

describe('the erasure', () => {
  it('comes only once the exchange is over', () => {
    expect(mayFollow(sent(...SENT, 'REMOTE_CONFIRMED'), 'sender', 'EXPUNGED')).toBe(false);
    for (const end of ['CANCELLED', 'EXPIRED', 'RECALLED'] as const) {
      expect(sent('DISCOVERED', end, 'EXPUNGED').stage).toBe('EXPUNGED');
    }
  });

  it('forgets what the journal cannot read any more, as a restart would, and keeps the receipts', () => {
    const before = received(...FILED, 'R2_SIGNED', 'CLOSED');
    expect(before.recorded('LINKED')).toBeDefined();
    const state = add(before, 'receiver', ['EXPUNGED']);
    expect(state.has('LINKED')).toBe(true);
    for (const type of ['OFFER_SEEN', 'ADMITTED', 'SEALED', 'LINKED'] as const)
      expect(state.recorded(type)).toBeUndefined();
    for (const type of ['R1_SIGNED', 'R2_SIGNED'] as const) expect(state.recorded(type)).toEqual(before.recorded(type));
  });

  it('leaves one thing to say: that R2 is taken back', () => {
    const receiver = received(...RECEIVER);
    expect(followers(receiver, 'receiver')).toEqual(['R2_WITHDRAWN']);
    expect(followers(add(receiver, 'receiver', ['R2_WITHDRAWN']), 'receiver')).toEqual([]);
    const sender = sent(...SENDER);
    expect(followers(sender, 'sender')).toEqual(['REMOTE_WITHDRAWN']);
    expect(add(sender, 'sender', ['REMOTE_WITHDRAWN'])).toMatchObject({ isOver: true, stage: 'REMOTE_WITHDRAWN' });
    expect(followers(sent('DISCOVERED', 'CANCELLED', 'EXPUNGED'), 'sender')).toEqual([]);
  });
});
