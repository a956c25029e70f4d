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
} from './receipts.ts';
export type { ConfirmedReceipt, DurableReceipt, ExpectedReceipt, Receipt, ReceiptFacts } from './receipts.ts';
export { decodeRecord, encodeRecord } from './records.ts';
export type {
  FilingOutcome,
  QuarantinedRecord,
  ReceiptRecord,
  RecordPayloads,
  RecordType,
  SealRecord,
  SendReason,
} from './records.ts';
