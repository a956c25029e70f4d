/**
 * The frames of an exchange as the machines see them: checked, with branded identifiers and exact numbers. How they look
 * on the wire is frame-codec.ts; when each may be sent is docs/protocol/transfer.md.
 */
import type { Uid } from '../dicom/uid.ts';
import type { RetryAdvice } from '../errors/interhosp-error.ts';
import type { Segment } from '../study/blocks.ts';
import type { Digest, ExchangeId, MemberId, TransferId } from '../study/identifiers.ts';
import type { Priority, Purpose, StudyHeader } from '../study/study.ts';
import type { Run } from './runs.ts';

/** Runs of blocks of one instance. */
export interface InstanceRuns {
  readonly ordinal: number;
  readonly runs: readonly Run[];
}

/** Opens a stream for a study; the sender's first frame. */
export interface OfferFrame {
  readonly kind: 'offer';
  readonly protocolVersion: number;
  readonly exchangeId: ExchangeId;
  /** From 1; a re-send after undo, recall or deletion is the next. */
  readonly attempt: number;
  /** 64 hex digits. */
  readonly federationId: string;
  readonly rosterVersion: number;
  readonly rosterHash: Digest;
  readonly sender: MemberId;
  readonly receiver: MemberId;
  readonly purpose: Purpose;
  readonly priority: Priority;
  readonly header: StudyHeader;
  /** The transfer that this one completes or replaces. */
  readonly supersedes?: TransferId;
  /** Present when the study was sealed before it was offered: the receiver may know the answer already. */
  readonly transferId?: TransferId;
  readonly expectedInstances?: number;
  readonly expectedBytes?: number;
  readonly features: readonly string[];
}

/** The offer is taken: send. */
export interface AcceptedAnswer {
  readonly kind: 'answer';
  readonly outcome: 'accepted';
  /** Bytes of blocks that may be under way. */
  readonly creditBytes: number;
  /** Every block that is not reported held is wanted, without a Want. */
  readonly wantAll: boolean;
  /** What is durable already; `moreHeld` says that Held frames follow. */
  readonly held: readonly HeldInstance[];
  readonly moreHeld: boolean;
  /** Those of the offer's features that both sides will use. */
  readonly features: readonly string[];
}

/** The offer, or the query, is refused. */
export interface RefusedAnswer {
  readonly kind: 'answer';
  readonly outcome: 'refused';
  /** A code of the catalogue, or of a newer one. */
  readonly code: string;
  readonly retry: RetryAdvice;
  /** 0 leaves the pause to the sender. */
  readonly retryAfterMs: number;
}

/** How far an exchange is, as far as its sender may know: nothing of the receiver's patients shows here. */
export const REMOTE_STATES = [
  'receiving',
  'durable',
  'confirmed',
  'held',
  'cancelled',
  'expired',
  'recalled',
  'withdrawn',
] as const;
/** How far an exchange is at the receiver. */
export type RemoteState = (typeof REMOTE_STATES)[number];

/** Nothing needs to be sent: this is where the exchange stands, with every receipt it has. Also the answer to a query. */
export interface SettledAnswer {
  readonly kind: 'answer';
  readonly outcome: 'settled';
  readonly state: RemoteState;
  readonly attempt: number;
  readonly receipts: readonly Uint8Array[];
}

/** The receiver's first frame. */
export type AnswerFrame = AcceptedAnswer | RefusedAnswer | SettledAnswer;

/** An instance the receiver keeps from before the stream broke. */
export interface HeldInstance extends InstanceRuns {
  /** Digest of the instance, so that two sides whose ordinals drifted apart notice. */
  readonly digest: Digest;
}

/** More of what the answer's `held` began. */
export interface HeldFrame {
  readonly kind: 'held';
  readonly instances: readonly HeldInstance[];
  readonly more: boolean;
}

/** Names an instance and the digests of its blocks. Its Study Instance UID is the header's. */
export interface AppendFrame {
  readonly kind: 'append';
  /** From 0, in the order in which instances became complete at the sender; never given twice. */
  readonly ordinal: number;
  readonly seriesInstanceUid: Uid;
  readonly sopInstanceUid: Uid;
  readonly sopClassUid: Uid;
  readonly transferSyntaxUid: Uid;
  readonly lengthBytes: number;
  readonly segments: readonly Segment[];
  readonly blockDigests: readonly Digest[];
}

/** Asks for blocks. No run for an instance says that none is needed. A block may be asked for again. */
export interface WantFrame {
  readonly kind: 'want';
  readonly instances: readonly InstanceRuns[];
}

/** One block. */
export interface BlockFrame {
  readonly kind: 'block';
  readonly ordinal: number;
  readonly index: number;
  readonly bytes: Uint8Array;
}

/** Allows this many more bytes of blocks. */
export interface CreditFrame {
  readonly kind: 'credit';
  readonly bytes: number;
}

/** These blocks would survive a loss of power at the receiver now. */
export interface DurableFrame {
  readonly kind: 'durable';
  readonly instances: readonly InstanceRuns[];
}

/** An instance that is left out, and why. */
export interface QuarantinedInstance {
  readonly sopInstanceUid: Uid;
  readonly code: string;
}

/** What a seal fixes; at both sides also the record. */
export interface SealContent {
  readonly transferId: TransferId;
  readonly manifestRoot: Digest;
  readonly instances: number;
  /** Sum of the instances' lengths. */
  readonly bytes: number;
  /** Instances that the source could not give; not part of the manifest. */
  readonly quarantined: readonly QuarantinedInstance[];
}

/** Nothing more will be appended. */
export interface SealFrame extends SealContent {
  readonly kind: 'seal';
}

/** A signed receipt or its withdrawal, byte for byte. */
export interface ReceiptFrame {
  readonly kind: 'receipt';
  readonly envelope: Uint8Array;
}

/** The receipt is durable at the sender. */
export interface ReceiptAckFrame {
  readonly kind: 'receipt-ack';
  /** SHA-256 of the envelope's bytes. */
  readonly digest: Digest;
}

/** This stream ends here, and why. */
export interface CancelFrame {
  readonly kind: 'cancel';
  readonly code: string;
  readonly retry: RetryAdvice;
  readonly retryAfterMs: number;
}

/** The sender's priority changed. */
export interface ReprioritiseFrame {
  readonly kind: 'reprioritise';
  readonly priority: Priority;
}

/** Opens a stream to ask how far an exchange is; answered by an Answer that is settled or refused. */
export interface QueryFrame {
  readonly kind: 'query';
  readonly exchangeId: ExchangeId;
}

/** Any frame. */
export type Frame =
  | OfferFrame
  | AnswerFrame
  | HeldFrame
  | AppendFrame
  | WantFrame
  | BlockFrame
  | CreditFrame
  | DurableFrame
  | SealFrame
  | ReceiptFrame
  | ReceiptAckFrame
  | CancelFrame
  | ReprioritiseFrame
  | QueryFrame;
