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
