/** What a peer did against PS3.8 or PS3.7, and what it is told: the reasons of A-ABORT (PS3.8 9.3.8). */

/** Reasons of an abort by the service provider (PS3.8 table 9-26). */
export const ABORT_REASONS = {
  notSpecified: 0,
  unrecognizedPdu: 1,
  unexpectedPdu: 2,
  unrecognizedParameter: 4,
  unexpectedParameter: 5,
  invalidParameter: 6,
} as const;

/** One of {@link ABORT_REASONS}. */
export type AbortReason = (typeof ABORT_REASONS)[keyof typeof ABORT_REASONS];

/** Thrown inside this folder by parsers; the association turns it into an abort and a `PacsError`. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  /** Which rule was broken: a short name for logs, `pdu-length`. */
  readonly rule: string;
  readonly abortReason: AbortReason;

  constructor(rule: string, abortReason: AbortReason = ABORT_REASONS.invalidParameter) {
    super(`the peer broke the protocol: ${rule}`);
    this.rule = rule;
    this.abortReason = abortReason;
  }
}
