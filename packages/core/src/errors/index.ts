export { ERROR_CATALOGUE, ERRORS_BY_AREA } from './catalogue.ts';
export type { ErrorArea, ErrorCode, ErrorCodeOf, ErrorEntry } from './catalogue.ts';
export {
  ConfigError,
  DicomError,
  errorCodeOf,
  FederationError,
  ImportError,
  InterhospError,
  isInterhospError,
  PacsError,
  PeerError,
  ReconciliationError,
  StorageError,
  TransferError,
} from './interhosp-error.ts';
export type { InterhospErrorOptions, RetryAdvice } from './interhosp-error.ts';
