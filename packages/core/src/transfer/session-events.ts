/** Events and actions of the two machines of a stream; the host of a machine speaks these. */
import type { ErrorCode } from '../errors/catalogue.ts';
import type { RetryAdvice } from '../errors/interhosp-error.ts';
import type { InstanceEntry } from '../study/blocks.ts';
import type { Digest, ExchangeId } from '../study/identifiers.ts';
import type { ManifestEntry } from '../study/manifest.ts';
import type { Priority } from '../study/study.ts';
import type { Frame, OfferFrame, RemoteState, SealContent } from './frames.ts';
import type { Run } from './runs.ts';

/** Events that both machines know. */
export type CommonEvent =
  | { readonly type: 'frame'; readonly frame: Frame }
  /** Ends the stream from here: a person cancelled, the spool failed, a frame could not be decoded. */
  | { readonly type: 'cancel'; readonly code: ErrorCode; readonly retry?: RetryAdvice; readonly retryAfterMs?: number }
  /** The stream is gone. */
  | { readonly type: 'closed' };

/** What happens to a sender's session. */
export type SenderEvent =
  | CommonEvent
  /** The stream is open: the offer goes out. */
  | { readonly type: 'opened' }
  /** An instance is complete in the spool. Ordinals count from 0 and are the same in every session of the exchange. */
  | { readonly type: 'instance'; readonly ordinal: number; readonly entry: InstanceEntry }
  /** Nothing more will be appended. */
  | { readonly type: 'sealed'; readonly seal: SealContent }
  /** Answers `read-block`. */
  | { readonly type: 'block-read'; readonly ordinal: number; readonly index: number; readonly bytes: Uint8Array }
  /** The receipt was verified and is durable here. With `last` the session ends. */
  | { readonly type: 'receipt-recorded'; readonly digest: Digest; readonly last: boolean }
  | { readonly type: 'reprioritised'; readonly priority: Priority };

/** Ends a session without success; `by` says which side decided, and a remote code may be one this version does not know. */
export interface SessionFailed {
  readonly type: 'failed';
  readonly by: 'here' | 'remote';
  readonly code: string;
  readonly retry: RetryAdvice;
  /** 0: no particular pause. */
  readonly retryAfterMs: number;
}

/** What a sender's session asks for. */
export type SenderAction =
  | { readonly type: 'send'; readonly frame: Frame }
  /** To be answered by `block-read`, in any order. */
  | { readonly type: 'read-block'; readonly ordinal: number; readonly index: number }
  /** Totals that the receiver reports durable, what it held before included. To show, and not to rely on. */
  | { readonly type: 'progress'; readonly blocks: number; readonly bytes: number }
  /** To be verified, recorded, and answered by `receipt-recorded`. `digest` is SHA-256 of the envelope. */
  | { readonly type: 'receipt'; readonly envelope: Uint8Array; readonly digest: Digest }
  /** `state` is the receiver's, when it had settled the offer already. */
  | { readonly type: 'finished'; readonly state?: RemoteState }
  | SessionFailed;

/** One block by its place. */
export interface BlockPlace {
  readonly ordinal: number;
  readonly index: number;
}

/** An instance that the spool keeps from an earlier session of the exchange, with the blocks that are durable. */
export interface ResumedInstance {
  readonly ordinal: number;
  readonly entry: InstanceEntry;
  readonly durable: readonly Run[];
}

/** What happens to a receiver's session. */
export type ReceiverEvent =
  | CommonEvent
  /** Answers `offer`: take it. */
  | {
      readonly type: 'admitted';
      /** Bytes of blocks that may be under way; default `DEFAULT_CREDIT_BYTES`. */
      readonly creditBytes?: number;
      /**
       * Whether a block is at hand from what the same sender sent for the same Study Instance UID. Left out when nothing
       * is: every block is then sent without being asked for.
       */
      readonly holds?: (digest: Digest) => boolean;
      /**
       * Whether no block is to be sent before the host has looked at the instance and said `wanted`, also of what is
       * resumed. Default false.
       */
      readonly asksFirst?: boolean;
      /** What earlier sessions of this exchange left in the spool; default nothing. */
      readonly resume?: readonly ResumedInstance[];
    }
  /** Answers `offer` or `query`. */
  | { readonly type: 'refused'; readonly code: ErrorCode; readonly retry?: RetryAdvice; readonly retryAfterMs?: number }
  /** Answers `offer` or `query`: nothing needs to be sent. */
  | {
      readonly type: 'settled';
      readonly state: RemoteState;
      readonly attempt: number;
      readonly receipts: readonly Uint8Array[];
    }
  /** With `asksFirst`: these instances are to be sent. */
  | { readonly type: 'wanted'; readonly ordinals: readonly number[] }
  /** The block is in the file: its credit goes back. */
  | ({ readonly type: 'block-written' } & BlockPlace)
  /** These blocks, and the entries of their instances, survive a loss of power. */
  | { readonly type: 'block-durable'; readonly blocks: readonly BlockPlace[] }
  /** The block could not be reused, or was found damaged: it is asked for again. */
  | ({ readonly type: 'block-lost' } & BlockPlace)
  /** A signed receipt to pass on. */
  | { readonly type: 'receipt'; readonly envelope: Uint8Array };

/** What a receiver's session asks for. */
export type ReceiverAction =
  | { readonly type: 'send'; readonly frame: Frame }
  /** To be decided on: answered by `admitted`, `refused` or `settled`. */
  | { readonly type: 'offer'; readonly offer: OfferFrame }
  /** To be answered by `settled` or `refused`. */
  | { readonly type: 'query'; readonly exchangeId: ExchangeId }
  /** An instance begins; the spool keeps the entry with its blocks. */
  | { readonly type: 'append'; readonly ordinal: number; readonly entry: InstanceEntry }
  /** With `asksFirst`: every instance was announced, and those that were not wanted are waited for. */
  | { readonly type: 'all-announced' }
  /** The bytes fit their digest; asked for once for each block. A view of the frame. */
  | ({ readonly type: 'write-block'; readonly digest: Digest; readonly bytes: Uint8Array } & BlockPlace)
  /** Copy a block that is at hand; answered like `write-block`, or by `block-lost`. */
  | ({ readonly type: 'reuse-block'; readonly digest: Digest } & BlockPlace)
  /** Every block of the instance is durable; an emergency may be filed from here, before the seal. */
  | { readonly type: 'instance-durable'; readonly ordinal: number; readonly entry: InstanceEntry }
  /** Everything is durable, and manifest root and transfer ID were computed here and are equal to those of the seal. */
  | { readonly type: 'sealed'; readonly seal: SealContent; readonly manifest: readonly ManifestEntry[] }
  /** The sender keeps the receipt with this digest (SHA-256 of the envelope). */
  | { readonly type: 'receipt-acknowledged'; readonly digest: Digest }
  | { readonly type: 'reprioritised'; readonly priority: Priority }
  | { readonly type: 'finished' }
  | SessionFailed;
