/**
 * What must be recorded, and nothing else may be: the events of the audit trail as types. An event that is not listed here
 * cannot be written, and one that is has no field with room for a patient's name. Whoever needs to know which patient it
 * was follows the exchange or the study to the records that the journal keeps sealed.
 *
 * The journal chains events by hash; this file only says what they are. Each carries a DICOM audit event code, so that they
 * can be sent on as audit messages.
 *
 * @see DICOM PS3.15 A.5 (audit trail message format), IHE ITI-20
 */
import type { ErrorCode } from '../errors/catalogue.ts';
import type { Uid } from '../dicom/uid.ts';
import type { Digest, ExchangeId, MemberId, TransferId } from '../study/identifiers.ts';
import type { Priority, Purpose } from '../study/study.ts';

/** Who did it: a person by user name, the program by itself, or another member through one of its nodes. */
export type AuditActor =
  | { readonly kind: 'person'; readonly user: string; readonly role: string }
  | { readonly kind: 'program' }
  | { readonly kind: 'member'; readonly member: MemberId; readonly peerId: string };

/** How it ended: done, refused by a rule, or failed. */
export type AuditOutcome = 'done' | 'refused' | 'failed';

/** What every event says beside its own fields. */
export interface AuditFrame {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly actor: AuditActor;
  readonly outcome: AuditOutcome;
  /** With `refused` and `failed`: why. */
  readonly code?: ErrorCode;
  /** Network address the request came from, where there was one. */
  readonly origin?: string;
  /**
   * The reason a person gave, by reference: the record that holds the text is sealed, since people write names. Required by
   * {@link needsReason} events.
   */
  readonly reasonRef?: string;
}

/** The program and its configuration. */
export type ApplicationEvent =
  /** The member started or stopped; a start after no stop was a crash. */
  | { readonly type: 'application.started' | 'application.stopped'; readonly version: string }
  /** A configuration was loaded: which one, by digest. */
  | { readonly type: 'configuration.loaded'; readonly digest: Digest }
  /** A backup was written or restored: every patient in it left or came. */
  | { readonly type: 'backup.written' | 'backup.restored' }
  /** The audit trail was read, exported or checked; reading it is an access as well. */
  | {
      readonly type: 'audit.read' | 'audit.exported' | 'audit.verified';
      readonly fromSeq: number;
      readonly toSeq: number;
    };

/** People at the console and programs at the API. */
export type UserEvent =
  | { readonly type: 'user.logged-in' | 'user.logged-out' }
  /** A login that failed, or was refused because there were too many. */
  | { readonly type: 'user.login-refused'; readonly user: string }
  | { readonly type: 'user.created' | 'user.changed' | 'user.removed'; readonly user: string; readonly role: string }
  /** Somebody looked for patients or studies; what was asked for is sealed. */
  | {
      readonly type: 'query.made';
      readonly scope: 'local' | 'member';
      readonly member?: MemberId;
      readonly matches: number;
    }
  /** A person opened a study or a case of the worklist. */
  | { readonly type: 'study.viewed'; readonly studyInstanceUid: Uid }
  /** Data about patients left the program as a file: a list, a report, an export. */
  | { readonly type: 'data.exported'; readonly kind: string; readonly count: number };

/** The way of a study. */
export type ExchangeEvent =
  /** Routing decided; the decision with its trace is in the journal. */
  | {
      readonly type: 'routing.decided';
      readonly studyInstanceUid: Uid;
      readonly destinations: number;
      readonly proposals: number;
    }
  /** A person sent, or dismissed, what routing had only proposed. */
  | {
      readonly type: 'proposal.sent' | 'proposal.dismissed';
      readonly studyInstanceUid: Uid;
      readonly member: MemberId;
      readonly ruleId: string;
    }
  /** A study began to leave for, or arrive from, a member. */
  | {
      readonly type: 'exchange.began';
      readonly exchangeId: ExchangeId;
      readonly direction: 'out' | 'in';
      readonly member: MemberId;
      readonly studyInstanceUid: Uid;
      readonly purpose: Purpose;
      readonly priority: Priority;
      /** The rule, when no person asked for it. */
      readonly ruleId?: string;
      readonly rosterVersion: number;
    }
  /** An access policy or the roster said no, at whatever stage. */
  | {
      readonly type: 'exchange.forbidden';
      readonly member: MemberId;
      readonly studyInstanceUid?: Uid;
      readonly exchangeId?: ExchangeId;
      readonly reason: string;
    }
  /** Every instance arrived and was verified: what DICOM calls transferred. */
  | {
      readonly type: 'exchange.transferred';
      readonly exchangeId: ExchangeId;
      readonly transferId: TransferId;
      readonly direction: 'out' | 'in';
      readonly member: MemberId;
      readonly instances: number;
    }
  /** The receiving PACS was seen to hold the study: delivered, or in part. */
  | {
      readonly type: 'exchange.confirmed';
      readonly transferId: TransferId;
      readonly attempt: number;
      readonly instances: number;
      readonly missing: number;
    }
  /** A receipt was signed, received, or withdrawn. */
  | {
      readonly type: 'receipt.signed' | 'receipt.received' | 'receipt.withdrawn';
      readonly transferId: TransferId;
      readonly attempt: number;
      readonly receipt: 'R1' | 'R2';
    }
  /** A person, or a policy that a person set, ended an exchange; or it waits for a person. */
  | {
      readonly type: 'exchange.cancelled' | 'exchange.held' | 'exchange.released';
      readonly exchangeId: ExchangeId;
    }
  /** An instance was put aside with its bytes. */
  | { readonly type: 'instance.quarantined'; readonly exchangeId: ExchangeId; readonly sopInstanceUid: Uid }
  /** The source withdrew or corrected a study that had been sent. */
  | { readonly type: 'study.recalled' | 'study.corrected'; readonly transferId: TransferId; readonly member: MemberId }
  /** The spool's bytes of an exchange were made unreadable by erasing their key. */
  | { readonly type: 'exchange.expunged'; readonly exchangeId: ExchangeId; readonly delivered: boolean };

/** Whose study it is. */
export type PatientEvent =
  /** The arriving patient was linked, is new, or waits; by evidence alone or by a person. The evidence is sealed. */
  | {
      readonly type: 'patient.linked' | 'patient.new' | 'patient.review' | 'patient.provisional';
      readonly exchangeId: ExchangeId;
      readonly automatic: boolean;
    }
  /** A link was taken back, and its study rejected or re-filed. */
  | { readonly type: 'patient.unlinked'; readonly exchangeId: ExchangeId }
  /** A study was filed in the local PACS under the intended patient: an import. */
  | {
      readonly type: 'study.filed';
      readonly exchangeId: ExchangeId;
      readonly attempt: number;
      readonly studyInstanceUid: Uid;
      readonly instances: number;
    };

/** Trust: keys, members, rules. */
export type TrustEvent =
  /** A root or roster was accepted or refused. */
  | {
      readonly type: 'federation.document';
      readonly kind: 'root' | 'roster' | 'practitioners';
      readonly version: number;
      readonly hash: Digest;
    }
  | {
      readonly type: 'federation.member-changed';
      readonly member: MemberId;
      readonly from?: string;
      readonly to: string;
    }
  /** Two signed documents in one place: both are kept. */
  | { readonly type: 'federation.equivocation'; readonly kind: 'root' | 'roster'; readonly version: number }
  /** An emergency went through although the roster had expired. */
  | { readonly type: 'federation.emergency-while-expired'; readonly exchangeId: ExchangeId; readonly member: MemberId }
  /** This hospital closed its door to a member by itself, or opened it again. */
  | { readonly type: 'federation.denied-here' | 'federation.undenied-here'; readonly member: MemberId }
  | {
      readonly type: 'key.created' | 'key.rotated' | 'key.retired';
      readonly keyId: string;
      readonly use: 'node' | 'organisation' | 'roster' | 'root';
    }
  /** A rule set was written, approved by a second person with the count in view, or taken out of use. */
  | {
      readonly type: 'rules.drafted' | 'rules.approved' | 'rules.retired';
      readonly digest: Digest;
      readonly rules: number;
    }
  /** The site's own steps: shadow, confirmed, automatic. */
  | { readonly type: 'reconciliation.mode-changed'; readonly from: string; readonly to: string };

/** What somebody should look at today. */
export type SecurityEvent =
  | { readonly type: 'security.peer-refused'; readonly peerId: string }
  | { readonly type: 'security.signature-invalid'; readonly member?: MemberId }
  | { readonly type: 'security.journal-damaged'; readonly seq: number }
  | { readonly type: 'security.clock-jumped'; readonly byMs: number }
  /** One node key was seen in two places at once. */
  | { readonly type: 'security.key-cloned'; readonly peerId: string }
  | { readonly type: 'security.limit-reached'; readonly limit: string; readonly member?: MemberId }
  | { readonly type: 'security.key-file-exposed' };

/** One event of the audit trail. */
export type AuditEvent = AuditFrame &
  (ApplicationEvent | UserEvent | ExchangeEvent | PatientEvent | TrustEvent | SecurityEvent);

/** The name of an event. */
export type AuditType = AuditEvent['type'];

/** DICOM audit event codes (PS3.16 CID 400). */
export const AUDIT_EVENT_CODES = {
  'application-activity': '110100',
  'audit-log-used': '110101',
  'begin-transferring': '110102',
  'instances-accessed': '110103',
  'instances-transferred': '110104',
  export: '110106',
  import: '110107',
  'network-entry': '110108',
  'patient-record': '110110',
  query: '110112',
  'security-alert': '110113',
  'user-authentication': '110114',
} as const;
/** A DICOM audit event, by what it means. */
export type AuditEventName = keyof typeof AUDIT_EVENT_CODES;

/** Each event's DICOM code. Adding an event without one does not compile. */
export const AUDIT_TYPES: Readonly<Record<AuditType, AuditEventName>> = {
  'application.started': 'application-activity',
  'application.stopped': 'application-activity',
  'configuration.loaded': 'security-alert',
  'backup.written': 'export',
  'backup.restored': 'import',
  'audit.read': 'audit-log-used',
  'audit.exported': 'audit-log-used',
  'audit.verified': 'audit-log-used',
  'user.logged-in': 'user-authentication',
  'user.logged-out': 'user-authentication',
  'user.login-refused': 'user-authentication',
  'user.created': 'security-alert',
  'user.changed': 'security-alert',
  'user.removed': 'security-alert',
  'query.made': 'query',
  'study.viewed': 'instances-accessed',
  'data.exported': 'export',
  'routing.decided': 'instances-accessed',
  'proposal.sent': 'begin-transferring',
  'proposal.dismissed': 'instances-accessed',
  'exchange.began': 'begin-transferring',
  'exchange.forbidden': 'security-alert',
  'exchange.transferred': 'instances-transferred',
  'exchange.confirmed': 'instances-transferred',
  'receipt.signed': 'instances-transferred',
  'receipt.received': 'instances-transferred',
  'receipt.withdrawn': 'instances-transferred',
  'exchange.cancelled': 'instances-transferred',
  'exchange.held': 'instances-transferred',
  'exchange.released': 'instances-transferred',
  'instance.quarantined': 'security-alert',
  'study.recalled': 'patient-record',
  'study.corrected': 'patient-record',
  'exchange.expunged': 'instances-accessed',
  'patient.linked': 'patient-record',
  'patient.new': 'patient-record',
  'patient.review': 'patient-record',
  'patient.provisional': 'patient-record',
  'patient.unlinked': 'patient-record',
  'study.filed': 'import',
  'federation.document': 'security-alert',
  'federation.member-changed': 'security-alert',
  'federation.equivocation': 'security-alert',
  'federation.emergency-while-expired': 'security-alert',
  'federation.denied-here': 'security-alert',
  'federation.undenied-here': 'security-alert',
  'key.created': 'security-alert',
  'key.rotated': 'security-alert',
  'key.retired': 'security-alert',
  'rules.drafted': 'security-alert',
  'rules.approved': 'security-alert',
  'rules.retired': 'security-alert',
  'reconciliation.mode-changed': 'security-alert',
  'security.peer-refused': 'network-entry',
  'security.signature-invalid': 'security-alert',
  'security.journal-damaged': 'security-alert',
  'security.clock-jumped': 'security-alert',
  'security.key-cloned': 'security-alert',
  'security.limit-reached': 'security-alert',
  'security.key-file-exposed': 'security-alert',
};

/** What a person does not do without saying why. */
const NEEDS_REASON: ReadonlySet<AuditType> = new Set<AuditType>([
  'data.exported',
  'backup.restored',
  'proposal.dismissed',
  'exchange.cancelled',
  'exchange.released',
  'study.recalled',
  'receipt.withdrawn',
  'patient.unlinked',
  'federation.denied-here',
  'federation.undenied-here',
  'rules.approved',
  'reconciliation.mode-changed',
]);

/** Whether this event needs a person's reason: one of those above, done by a person; and erasing what was not delivered. */
export function needsReason(event: AuditEvent): boolean {
  if (event.type === 'exchange.expunged') return !event.delivered;
  return event.actor.kind === 'person' && NEEDS_REASON.has(event.type);
}

/** What keeps an event from being recorded, or undefined: a missing reason, a missing code, erasure by time alone. */
export function auditProblem(event: AuditEvent): 'reason-missing' | 'code-missing' | 'person-missing' | undefined {
  // Undelivered images are given up by a person or not at all.
  if (event.type === 'exchange.expunged' && !event.delivered && event.actor.kind !== 'person') return 'person-missing';
  if (needsReason(event) && event.reasonRef === undefined) return 'reason-missing';
  if (event.outcome !== 'done' && event.code === undefined) return 'code-missing';
  return undefined;
}
