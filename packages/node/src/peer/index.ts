export { addressRanges } from './front-door.ts';
export type { FirstByteRoutes } from './front-door.ts';
export { createPeerHost } from './host.ts';
export type {
  Admission,
  HandleOptions,
  PeerConnection,
  PeerEvent,
  PeerHost,
  PeerHostOptions,
  StreamHandler,
} from './host.ts';
export { peerIdOfSeed } from './identity.ts';
export { DEFAULT_PEER_LIMITS } from './limits.ts';
export type { PeerLimits } from './limits.ts';
export type { PeerStream } from './stream.ts';
export { createDocumentExchange, ROSTER_PROTOCOL } from './document-exchange.ts';
export type { DocumentExchange, DocumentExchangeOptions } from './document-exchange.ts';
export type { DocumentVersion } from './document-frames.ts';
export type { DocumentStore, RoundResult } from './document-round.ts';
export { keepConnected } from './supervisor.ts';
export type { ConnectionSupervisor, KeepConnectedOptions, PeerAddress, SupervisedHost } from './supervisor.ts';
