/**
 * What a running member answers, to a program that embeds it and, through the admin interface, to the command line.
 * Shapes are plain data, so that they pass through JSON unchanged.
 */
import type { ArrivingPatient, ExchangeId, LocalPatient, MemberId, Priority, Purpose } from '@interhosp/core/study';

/** One exchange in a line. UIDs are for the hospital's own eyes. */
export interface JobSummary {
  readonly exchangeId: ExchangeId;
  readonly role: 'sender' | 'receiver';
  /** The other member. */
  readonly peer: MemberId;
  readonly studyInstanceUid: string;
  readonly priority: Priority;
  readonly purpose: Purpose;
  /** Newest state of DESIGN.md §7. */
  readonly state: string;
  /** Patient region at the receiver: `RECONCILING`, `LINKED`, `REVIEW`, `AWAITING_PATIENT`; absent at the sender. */
  readonly patientState?: string;
  /** Why it does not go on by itself: an error code, or a reason. */
  readonly reason?: string;
  readonly attempt: number;
  readonly instances: number;
  readonly instancesExpected?: number;
  readonly bytes: number;
  /** `automatic` or the person who decided; receiver only. */
  readonly decidedBy?: string;
  readonly transferId?: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly updatedAt: string;
}

/** One exchange with its history and receipts. */
export interface JobDetail extends JobSummary {
  readonly records: ReadonlyArray<{ readonly seq: number; readonly type: string; readonly at: string }>;
  /** Signed envelopes as received or issued, JSON text. */
  readonly receipts: ReadonlyArray<{ readonly kind: string; readonly envelope: string }>;
  /** Instances that did not travel or were not filed, with the code. */
  readonly quarantined: ReadonlyArray<{ readonly sopInstanceUid: string; readonly code: string }>;
  /** How many instances were filed in another transfer syntax than they came in; absent when none, and at the sender. */
  readonly rewritten?: ReadonlyArray<{ readonly from: string; readonly to: string; readonly instances: number }>;
}

/** An arrival that waits for a person. Holds patient data: shown, never logged. */
export interface ReviewItem {
  readonly exchangeId: ExchangeId;
  readonly sender: MemberId;
  readonly studyInstanceUid: string;
  readonly priority: Priority;
  readonly state: string;
  readonly since: string;
  readonly description?: string;
  readonly arrival: ArrivingPatient;
  readonly probability: number;
  readonly candidates: ReadonlyArray<{ readonly patient: LocalPatient; readonly probability: number }>;
  /** Guards first, then the evidence, in sentences. */
  readonly explanation: readonly string[];
}

/** What a person decides about an arrival. */
export type ReviewDecision =
  | { readonly kind: 'link'; readonly patientId: string; readonly by: string }
  | { readonly kind: 'new'; readonly by: string }
  | { readonly kind: 'reject'; readonly by: string; readonly reason: string };

/** A request to send one study. */
export interface SendRequest {
  readonly studyInstanceUid: string;
  readonly to: string;
  readonly priority?: Priority;
  readonly purpose?: Purpose;
  /** The person who asks; recorded. */
  readonly by: string;
}

/** Something that changed, for live views. Carries no patient data. */
export interface MemberEvent {
  readonly exchangeId: ExchangeId;
  readonly role: 'sender' | 'receiver';
  readonly state: string;
  readonly bytes: number;
  readonly bytesExpected?: number;
}

/** How the member is. */
export interface MemberStatus {
  readonly member: MemberId;
  readonly name: string;
  readonly peerId: string;
  readonly addresses: readonly string[];
  readonly federationId: string;
  readonly rosterVersion: number;
  readonly rosterState: string;
  readonly peers: ReadonlyArray<{ readonly member: string; readonly peerId: string; readonly connected: boolean }>;
  readonly jobs: Readonly<Record<string, number>>;
  readonly uptimeSeconds: number;
}

/** The operations of a running member. */
export interface MemberApi {
  status(): Promise<MemberStatus>;
  /** @throws {InterhospError} `FEDERATION_MEMBER_UNKNOWN`, `FEDERATION_NOT_PERMITTED`, `PACS_STUDY_UNKNOWN`, … */
  send(request: SendRequest): Promise<{ readonly exchangeId: ExchangeId }>;
  jobs(): Promise<readonly JobSummary[]>;
  /** @throws {TransferError} `TRANSFER_UNKNOWN` */
  job(exchangeId: string): Promise<JobDetail>;
  reviews(): Promise<readonly ReviewItem[]>;
  /** @throws {ReconciliationError} `RECONCILIATION_NOT_IN_REVIEW` */
  review(exchangeId: string): Promise<ReviewItem>;
  /** @throws {ReconciliationError} `RECONCILIATION_NOT_IN_REVIEW`, `RECONCILIATION_PATIENT_UNKNOWN` */
  decide(exchangeId: string, decision: ReviewDecision): Promise<void>;
  /** Lets a held exchange try again. @throws {TransferError} `TRANSFER_UNKNOWN`, `TRANSFER_STATE` */
  release(exchangeId: string, by: string): Promise<void>;
  /** @throws {TransferError} `TRANSFER_UNKNOWN`, `TRANSFER_STATE` when it is too late. */
  cancel(exchangeId: string, by: string, reason: string): Promise<void>;
  /** Changes from now on; ends with the signal or the member. */
  events(options?: { readonly signal?: AbortSignal }): AsyncIterable<MemberEvent>;
}
