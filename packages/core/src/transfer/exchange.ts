/**
 * The state of an exchange: the fold of its records, and which record may follow (DESIGN.md §7).
 *
 * At the receiver two regions run side by side, the bytes and the patient; filing needs both. What goes wrong stands
 * aside of them: a held exchange keeps its place and goes on there once it is released.
 */
import { TransferError } from '../errors/interhosp-error.ts';
import { OUTLIVING_RECORDS, type RecordPayloads, type RecordType } from './records.ts';

/** Which end of an exchange this member is. */
export type ExchangeRole = 'sender' | 'receiver';

/** A record to fold. `payload` is undefined when its key was erased. */
export interface ExchangeRecord<T extends RecordType = RecordType> {
  readonly role: ExchangeRole;
  readonly type: T;
  readonly payload: RecordPayloads[T] | undefined;
}

/** Where an exchange is. */
export interface ExchangeState {
  readonly role: ExchangeRole;
  /** From 1. */
  readonly attempt: number;
  /** Newest state of the bytes, and later of the filing; at the sender of everything. */
  readonly stage: RecordType;
  /** Newest state of the patient region; receiver only. */
  readonly patient?: RecordType;
  /** Why it does not go on by itself. */
  readonly held?: RecordPayloads['HELD'];
  /** Over: nothing follows but the erasure. */
  readonly isOver: boolean;
  /** Whether a record of this type was written in this attempt, also one whose payload is erased. */
  has(type: RecordType): boolean;
  /** The latest payload of a type in this attempt. */
  recorded<T extends RecordType>(type: T): RecordPayloads[T] | undefined;
}

/**
 * Adds one record.
 *
 * @throws {TransferError} `TRANSFER_STATE` when it may not follow: the journal and this program disagree.
 */
export function foldExchange(state: ExchangeState | undefined, record: ExchangeRecord): ExchangeState {
  const { role, type } = record;
  if (!mayFollow(state, role, type)) {
    throw new TransferError('TRANSFER_STATE', { details: { kind: type, role, state: state?.stage ?? 'none' } });
  }
  if (state === undefined || RULES[type].isFirst === true) return FoldedState.begin(record, state?.attempt ?? 0);
  return (state as FoldedState).with(record);
}

/**
 * Whether a record of this type may be written now.
 *
 * A new attempt begins with the record that begins an exchange, once the one before is over and as long as its key is not
 * erased; afterwards a re-send is a new exchange, whose first record names the attempt.
 */
export function mayFollow(state: ExchangeState | undefined, role: ExchangeRole, type: RecordType): boolean {
  const rule = RULES[type];
  if (rule.role !== undefined && rule.role !== role) return false;
  if (state === undefined) return rule.isFirst === true;
  const isErased = state.has('EXPUNGED');
  if (rule.isFirst === true) return state.isOver && !isErased;
  const needs = rule.needs?.[role] ?? [];
  if (!needs.every((needed) => needed.some((one) => state.has(one)))) return false;
  if (rule.barredBy?.some((one) => state.has(one)) === true) return false;
  if (rule.onlyHeldAfter !== undefined && state.has(rule.onlyHeldAfter) && state.held === undefined) return false;
  // What was signed is taken and taken back whatever became of the exchange meanwhile.
  if (WITHDRAWALS.has(type)) return true;
  if (isErased) return false;
  if (rule.isRepeatable !== true && state.has(type)) return false;
  if (state.isOver) return rule.isAllowedWhenOver === true;
  if (type === 'EXPUNGED') return false;
  return state.held === undefined || rule.isAllowedWhileHeld === true;
}

interface Rule {
  readonly role?: ExchangeRole;
  readonly isFirst?: boolean;
  readonly isRepeatable?: boolean;
  readonly isAllowedWhileHeld?: boolean;
  readonly isAllowedWhenOver?: boolean;
  /** Of these, none may have been recorded. */
  readonly barredBy?: readonly RecordType[];
  /** Once this has been recorded, only while held. */
  readonly onlyHeldAfter?: RecordType;
  /** Of each list, one must have been recorded. */
  readonly needs?: { readonly [R in ExchangeRole]?: readonly (readonly RecordType[])[] };
}

const after = (...types: readonly RecordType[]) => types.map((type) => [type]);
const sender = (needed: RecordType): Rule => ({ needs: { sender: after(needed) }, role: 'sender' });
const receiver = (needed: RecordType): Rule => ({ needs: { receiver: after(needed) }, role: 'receiver' });
/**
 * The patient may be settled while the exchange is held for its bytes, and again until it is linked: a person who decides
 * a moment after the study was linked is told so, rather than believed without effect. UNLINKED comes first.
 */
const patient = (needed: RecordType): Rule => ({
  ...receiver(needed),
  isAllowedWhileHeld: true,
  isRepeatable: true,
  barredBy: ['LINKED'],
});
/** A receipt of the other side: taken whenever it arrives, since it is the only proof there is. */
const remote = (needed: RecordType): Rule => ({ ...sender(needed), isAllowedWhenOver: true, isAllowedWhileHeld: true });
const aside: Rule = { isAllowedWhileHeld: true, isRepeatable: true };

const RULES: Readonly<Record<RecordType, Rule>> = {
  DISCOVERED: { isFirst: true, role: 'sender' },
  OFFERED: sender('DISCOVERED'),
  SENDING: sender('OFFERED'),
  SEALED: { needs: { receiver: after('RECEIVING'), sender: after('SENDING') } },
  REMOTE_DURABLE: remote('SEALED'),
  // R1 may have been lost on its way: R2 says all that it said.
  REMOTE_CONFIRMED: remote('SEALED'),
  REMOTE_WITHDRAWN: { ...remote('REMOTE_CONFIRMED'), isRepeatable: true },
  CLOSED: { needs: { receiver: after('R2_SIGNED'), sender: after('REMOTE_CONFIRMED') } },
  EXPUNGED: { isAllowedWhenOver: true },
  OFFER_SEEN: { isFirst: true, role: 'receiver' },
  ADMITTED: receiver('OFFER_SEEN'),
  RECEIVING: receiver('ADMITTED'),
  VERIFIED: receiver('SEALED'),
  R1_SIGNED: receiver('VERIFIED'),
  RECONCILING: patient('ADMITTED'),
  REVIEW: patient('RECONCILING'),
  AWAITING_PATIENT: patient('RECONCILING'),
  PROVISIONAL: patient('RECONCILING'),
  DECIDED: patient('RECONCILING'),
  LINKED: { ...receiver('RECONCILING'), isAllowedWhileHeld: true },
  UNLINKED: { ...receiver('LINKED'), barredBy: ['R2_SIGNED'], isAllowedWhileHeld: true, isRepeatable: true },
  EARLY_STORING: {
    barredBy: ['R1_SIGNED'],
    needs: { receiver: [['RECEIVING'], ['LINKED', 'PROVISIONAL']] },
    role: 'receiver',
  },
  EARLY_STORED: { ...receiver('EARLY_STORING'), barredBy: ['STORING'], isAllowedWhileHeld: true, isRepeatable: true },
  STORING: { needs: { receiver: [['R1_SIGNED'], ['LINKED', 'PROVISIONAL']] }, role: 'receiver' },
  // Again, when what was lost since is stored a second time.
  STORED: { ...receiver('STORING'), barredBy: ['CONFIRMED'], isRepeatable: true },
  CONFIRMED: receiver('STORED'),
  // Never for a provisional patient: R2 says that it is the intended one.
  R2_SIGNED: { needs: { receiver: after('CONFIRMED', 'LINKED') }, role: 'receiver' },
  R2_WITHDRAWN: { ...receiver('R2_SIGNED'), isRepeatable: true },
  RETRY_WAIT: aside,
  QUARANTINE: aside,
  HELD: aside,
  REPRIORITISED: aside,
  RELEASED: { isAllowedWhileHeld: true, isRepeatable: true, needs: { receiver: after('HELD'), sender: after('HELD') } },
  // Too late once the PACS has something of it, or the receiver is answerable for it. What is held in the midst of storing
  // may have left nothing there: that is for the member to know.
  CANCELLED: { ...aside, barredBy: ['STORED', 'REMOTE_DURABLE', 'REMOTE_CONFIRMED'], onlyHeldAfter: 'STORING' },
  EXPIRED: aside,
  RECALLED: { ...aside, isAllowedWhenOver: true },
};

const PATIENT_STATES: ReadonlySet<RecordType> = new Set<RecordType>([
  'RECONCILING',
  'REVIEW',
  'AWAITING_PATIENT',
  'PROVISIONAL',
  'LINKED',
]);
/** Notes that change no region. */
const NOTES: ReadonlySet<RecordType> = new Set<RecordType>([
  'DECIDED',
  'EARLY_STORED',
  'EARLY_STORING',
  'HELD',
  'QUARANTINE',
  'RELEASED',
  'REPRIORITISED',
  'RETRY_WAIT',
  'UNLINKED',
]);
const ENDS: ReadonlySet<RecordType> = new Set<RecordType>(['CANCELLED', 'CLOSED', 'EXPIRED', 'RECALLED']);
const WITHDRAWALS: ReadonlySet<RecordType> = new Set<RecordType>(['R2_WITHDRAWN', 'REMOTE_WITHDRAWN']);
/** What has to be done again when the patient becomes another. */
const FILING: readonly RecordType[] = ['EARLY_STORING', 'EARLY_STORED', 'STORING', 'STORED', 'CONFIRMED'];

/** What a record makes undone: the steps of a journey then run again. */
function undoneBy(type: RecordType, state: ExchangeState): readonly RecordType[] {
  switch (type) {
    case 'LINKED':
      // What was filed under a provisional patient is filed again under the real one.
      return state.has('PROVISIONAL') ? [...FILING, 'PROVISIONAL'] : [];
    case 'UNLINKED':
      return [...FILING, 'LINKED', 'DECIDED', 'PROVISIONAL'];
    case 'R2_WITHDRAWN':
      return state.has('EXPUNGED') ? ['R2_SIGNED'] : ['R2_SIGNED', 'CONFIRMED', 'CLOSED'];
    case 'REMOTE_WITHDRAWN':
      return state.has('EXPUNGED') ? ['REMOTE_CONFIRMED'] : ['REMOTE_CONFIRMED', 'CLOSED'];
    case 'R2_SIGNED':
      return ['R2_WITHDRAWN'];
    case 'REMOTE_CONFIRMED':
      return ['REMOTE_WITHDRAWN'];
    default:
      return [];
  }
}

type Payloads = ReadonlyMap<RecordType, RecordPayloads[RecordType] | undefined>;
type Fields = Pick<ExchangeState, 'attempt' | 'isOver' | 'stage'> & {
  readonly held: ExchangeState['held'];
  readonly patient: ExchangeState['patient'];
};

/** What the journal can no longer read is not kept in memory either. */
function forgetErased(payloads: Map<RecordType, RecordPayloads[RecordType] | undefined>): void {
  for (const type of payloads.keys()) {
    if (!OUTLIVING_RECORDS.has(type)) payloads.set(type, undefined);
  }
}

class FoldedState implements ExchangeState {
  readonly role: ExchangeRole;
  readonly attempt: number;
  readonly stage: RecordType;
  readonly patient?: RecordType;
  readonly held?: RecordPayloads['HELD'];
  readonly isOver: boolean;
  readonly #payloads: Payloads;

  constructor(role: ExchangeRole, { attempt, held, isOver, patient: patientState, stage }: Fields, payloads: Payloads) {
    this.role = role;
    this.attempt = attempt;
    this.stage = stage;
    if (patientState !== undefined) this.patient = patientState;
    if (held !== undefined) this.held = held;
    this.isOver = isOver;
    this.#payloads = payloads;
  }

  /** The state after the first record of an attempt. */
  static begin({ payload, role, type }: ExchangeRecord, attemptBefore: number): FoldedState {
    const { attempt = attemptBefore + 1 } = (payload ?? {}) as { readonly attempt?: number };
    if (attempt <= attemptBefore) throw new TransferError('TRANSFER_STATE', { details: { attempt, kind: type, role } });
    const fields = { attempt, held: undefined, isOver: false, patient: undefined, stage: type };
    return new FoldedState(role, fields, new Map([[type, payload]]));
  }

  has(type: RecordType): boolean {
    return this.#payloads.has(type);
  }

  recorded<T extends RecordType>(type: T): RecordPayloads[T] | undefined {
    return this.#payloads.get(type) as RecordPayloads[T] | undefined;
  }

  with(record: ExchangeRecord): FoldedState {
    const { payload, type } = record;
    if (type === 'STORING') this.#checkCoercionTime(payload as RecordPayloads['STORING'] | undefined);
    const payloads = new Map(this.#payloads);
    for (const undone of undoneBy(type, this)) payloads.delete(undone);
    payloads.set(type, payload);
    if (type === 'EXPUNGED') forgetErased(payloads);
    const isErased = payloads.has('EXPUNGED');
    const isOver = ENDS.has(type) || isErased || (this.isOver && !(WITHDRAWALS.has(type) && this.has('CLOSED')));
    const fields = {
      attempt: this.attempt,
      held: this.#heldAfter(record),
      // What ended an exchange still stands when a receipt comes late; only what was closed is opened by a withdrawal.
      isOver: isOver || [...ENDS].some((end) => end !== 'CLOSED' && payloads.has(end)),
      patient: this.#patientAfter(type),
      stage: this.#stageAfter(type),
    };
    return new FoldedState(this.role, fields, payloads);
  }

  /** What was filed before the seal is filed again byte for byte, or the PACS would be offered two different instances. */
  #checkCoercionTime(storing: RecordPayloads['STORING'] | undefined): void {
    const early = this.recorded('EARLY_STORING');
    if (early === undefined || storing === undefined) return;
    if (early.coercionTimeMs === storing.coercionTimeMs && early.utcOffsetMinutes === storing.utcOffsetMinutes) return;
    throw new TransferError('TRANSFER_STATE', { details: { kind: 'STORING', reason: 'coercion-time' } });
  }

  #heldAfter({ payload, type }: ExchangeRecord): RecordPayloads['HELD'] | undefined {
    if (type === 'RELEASED') return undefined;
    if (type !== 'HELD') return this.held;
    return (payload as RecordPayloads['HELD'] | undefined) ?? { code: 'STORAGE_KEY_ERASED' };
  }

  #patientAfter(type: RecordType): RecordType | undefined {
    // Undecided once more: what the last comparison said still stands.
    if (type === 'UNLINKED') return 'RECONCILING';
    return PATIENT_STATES.has(type) ? type : this.patient;
  }

  #stageAfter(type: RecordType): RecordType {
    if (PATIENT_STATES.has(type) || NOTES.has(type)) return this.stage;
    if (type === 'EXPUNGED' || WITHDRAWALS.has(type)) return type;
    // A receipt that comes late, or out of turn, is kept, and changes nothing of where the exchange is.
    const isLate = this.isOver || (type === 'REMOTE_DURABLE' && this.has('REMOTE_CONFIRMED'));
    return isLate && !ENDS.has(type) ? this.stage : type;
  }
}
