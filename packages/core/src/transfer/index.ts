export { decodeFrame, encodeFrame } from './frame-codec.ts';
export { REMOTE_STATES } from './frames.ts';
export type {
  AcceptedAnswer,
  AnswerFrame,
  AppendFrame,
  BlockFrame,
  CancelFrame,
  CreditFrame,
  DurableFrame,
  Frame,
  HeldFrame,
  HeldInstance,
  InstanceRuns,
  OfferFrame,
  QuarantinedInstance,
  QueryFrame,
  ReceiptAckFrame,
  ReceiptFrame,
  RefusedAnswer,
  RemoteState,
  ReprioritiseFrame,
  SealContent,
  SealFrame,
  SettledAnswer,
  WantFrame,
} from './frames.ts';
export { createFrameSplitter, FRAME_PREFIX_BYTES, framePrefix } from './framing.ts';
export type { FrameSplitter } from './framing.ts';
export { decodeHeader, encodeHeader } from './header.ts';
export * from './limits.ts';
export { createReceiverSession } from './receiver-session.ts';
export type { ReceiverSession, ReceiverSessionOptions } from './receiver-session.ts';
export { runsOf } from './runs.ts';
export type { Run } from './runs.ts';
export { createSenderSession } from './sender-session.ts';
export type { SenderSession, SenderSessionOptions } from './sender-session.ts';
export type {
  BlockPlace,
  CommonEvent,
  ReceiverAction,
  ReceiverEvent,
  ResumedInstance,
  SenderAction,
  SenderEvent,
  SessionFailed,
} from './session-events.ts';
export { foldExchange, mayFollow } from './exchange.ts';
export type { ExchangeRecord, ExchangeRole, ExchangeState } from './exchange.ts';
export {
  CONFIRMED_RECEIPT_TYPE,
  DURABLE_RECEIPT_TYPE,
  makeConfirmedReceipt,
  makeDurableReceipt,
  openReceipt,
  partialOf,
  statusDigestOf,
  verifyReceipt,
  rewrittenOf,
} from './receipts.ts';
export type {
  ConfirmedReceipt,
  DurableReceipt,
  ExpectedReceipt,
  Receipt,
  ReceiptFacts,
  RewrittenInstances,
} from './receipts.ts';
export { decodeRecord, encodeRecord } from './record-codec.ts';
export { LAZY_RECORDS, OUTLIVING_RECORDS } from './records.ts';
export type {
  CoercionTime,
  FilingOutcome,
  QuarantinedRecord,
  ReceiptRecord,
  RecordPayloads,
  RecordType,
  SealRecord,
  SendReason,
  SyntaxChange,
} from './records.ts';
