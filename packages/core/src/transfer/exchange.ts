/**
 * The state of an exchange: the fold of its records, and which record may follow (DESIGN.md §7).
 *
 * At the receiver two regions run side by side, the bytes and the patient; filing needs both. What goes wrong stands
 * aside of them: a held exchange keeps its place and goes on there once it is released.
 */
import { TransferError } from '../errors/interhosp-error.ts';
import type { RecordPayloads, RecordType } from './records.ts';

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
  const before = (state as FoldedState | undefined) ?? new FoldedState(role);
  return before.with(record);
}

/** Whether a record of this type may be written now. */
export function mayFollow(state: ExchangeState | undefined, role: ExchangeRole, type: RecordType): boolean {
  const rule = RULES[type];
  if (rule.role !== undefined && rule.role !== role) return false;
  if (state === undefined) return rule.isFirst === true;
  if (rule.isFirst === true || state.has('EXPUNGED')) return false;
  if (state.isOver) return type === 'EXPUNGED' || type === 'RECALLED';
  if (type === 'EXPUNGED') return false;
  if (rule.isRepeatable !== true && state.has(type)) return false;
  if (state.held !== undefined && rule.isAllowedWhileHeld !== true) return false;
  const needs = rule.needs?.[role] ?? [];
  return needs.every((needed) => needed.some((one) => state.has(one)));
}

interface Rule {
  readonly role?: ExchangeRole;
  readonly isFirst?: boolean;
  readonly isRepeatable?: boolean;
  readonly isAllowedWhileHeld?: boolean;
  /** Of each list, one must have been recorded. */
  readonly needs?: { readonly [R in ExchangeRole]?: readonly (readonly RecordType[])[] };
}

const after = (...types: readonly RecordType[]) => types.map((type) => [type]);
const sender = (needed: RecordType): Rule => ({ needs: { sender: after(needed) }, role: 'sender' });
const receiver = (needed: RecordType): Rule => ({ needs: { receiver: after(needed) }, role: 'receiver' });
/** The patient may be settled while the exchange is held for its bytes, and again until filing begins. */
const patient = (needed: RecordType): Rule => ({ ...receiver(needed), isAllowedWhileHeld: true, isRepeatable: true });
const aside: Rule = { isAllowedWhileHeld: true, isRepeatable: true };

const RULES: Readonly<Record<RecordType, Rule>> = {
  DISCOVERED: { isFirst: true, role: 'sender' },
  OFFERED: sender('DISCOVERED'),
  SENDING: sender('OFFERED'),
  SEALED: { needs: { receiver: after('RECEIVING'), sender: after('SENDING') } },
  // What the other side signed is taken whenever it arrives.
  REMOTE_DURABLE: { ...sender('SEALED'), isAllowedWhileHeld: true },
  REMOTE_CONFIRMED: { ...sender('REMOTE_DURABLE'), isAllowedWhileHeld: true },
  CLOSED: { needs: { receiver: after('R2_SIGNED'), sender: after('REMOTE_CONFIRMED') } },
  EXPUNGED: {},
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
  STORING: { needs: { receiver: [['R1_SIGNED'], ['LINKED', 'PROVISIONAL']] }, role: 'receiver' },
  STORED: receiver('STORING'),
  CONFIRMED: receiver('STORED'),
  R2_SIGNED: receiver('CONFIRMED'),
  RETRY_WAIT: aside,
  QUARANTINE: aside,
  HELD: aside,
  RELEASED: { isAllowedWhileHeld: true, isRepeatable: true, needs: { receiver: after('HELD'), sender: after('HELD') } },
  CANCELLED: aside,
  EXPIRED: aside,
  RECALLED: aside,
};

const PATIENT_STATES: ReadonlySet<RecordType> = new Set<RecordType>([
  'RECONCILING',
  'REVIEW',
  'AWAITING_PATIENT',
  'PROVISIONAL',
  'LINKED',
]);
/** Notes that change no region. */
const NOTES: ReadonlySet<RecordType> = new Set<RecordType>(['DECIDED', 'HELD', 'QUARANTINE', 'RELEASED', 'RETRY_WAIT']);
const ENDS: ReadonlySet<RecordType> = new Set<RecordType>(['CANCELLED', 'CLOSED', 'EXPIRED', 'RECALLED']);

class FoldedState implements ExchangeState {
  readonly role: ExchangeRole;
  readonly attempt: number = 1;
  readonly stage: RecordType;
  readonly patient?: RecordType;
  readonly held?: RecordPayloads['HELD'];
  readonly isOver: boolean;
  readonly #payloads: ReadonlyMap<RecordType, RecordPayloads[RecordType] | undefined>;

  constructor(
    role: ExchangeRole,
    fields: Partial<Pick<FoldedState, 'held' | 'isOver' | 'patient' | 'stage'>> = {},
    payloads: ReadonlyMap<RecordType, RecordPayloads[RecordType] | undefined> = new Map(),
  ) {
    this.role = role;
    this.stage = fields.stage ?? (role === 'sender' ? 'DISCOVERED' : 'OFFER_SEEN');
    if (fields.patient !== undefined) this.patient = fields.patient;
    if (fields.held !== undefined) this.held = fields.held;
    this.isOver = fields.isOver ?? false;
    this.#payloads = payloads;
  }

  has(type: RecordType): boolean {
    return this.#payloads.has(type);
  }

  recorded<T extends RecordType>(type: T): RecordPayloads[T] | undefined {
    return this.#payloads.get(type) as RecordPayloads[T] | undefined;
  }

  with({ payload, type }: ExchangeRecord): FoldedState {
    const payloads = new Map(this.#payloads).set(type, payload);
    const isPatient = PATIENT_STATES.has(type);
    const isNote = NOTES.has(type);
    const held =
      type === 'HELD' ? ((payload as RecordPayloads['HELD'] | undefined) ?? { code: 'STORAGE_KEY_ERASED' }) : this.held;
    const patientState = isPatient ? type : this.patient;
    return new FoldedState(
      this.role,
      {
        isOver: this.isOver || ENDS.has(type),
        stage: isPatient || isNote ? this.stage : type,
        ...(patientState === undefined ? {} : { patient: patientState }),
        ...(held === undefined || type === 'RELEASED' ? {} : { held }),
      },
      payloads,
    );
  }
}
