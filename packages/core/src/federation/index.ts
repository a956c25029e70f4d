export {
  addSignatures,
  decodeEnvelope,
  encodeEnvelope,
  keyIdOf,
  MAX_SIGNATURES,
  MAX_SIGNATURES_VERIFIED,
  openEnvelope,
  signedMessage,
  signEnvelope,
} from './envelope.ts';
export type { Envelope, EnvelopeSignature, OpenedEnvelope, OpenEnvelopeOptions, TrustedKeys } from './envelope.ts';
export { jcs, MAX_DOCUMENT_BYTES, MAX_JSON_DEPTH, parseJcs } from './jcs.ts';
export type { JsonValue } from './jcs.ts';
