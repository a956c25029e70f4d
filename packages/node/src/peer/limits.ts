/**
 * Every limit of the peer links, with its unit and its reason. The figures come from measurements on js-libp2p 3.3.11;
 * `createPeerHost` takes other ones in `limits`, which tests use to reach an edge without a thousand sockets.
 */

const KIB = 1024;
const MIB = 1024 * KIB;

/** What a host allows; see {@link DEFAULT_PEER_LIMITS} for the reasons. */
export interface PeerLimits {
  readonly maxFrameBytes: number;
  readonly readHighWaterBytes: number;
  readonly writeHighWaterBytes: number;
  readonly sendStallMs: number;
  readonly closeGraceMs: number;
  readonly openTimeoutMs: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerPeer: number;
  readonly maxStreamsPerConnection: number;
  readonly connectionsPerSecondPerAddress: number;
  readonly maxStrangers: number;
  readonly strangerLifetimeMs: number;
  readonly inboundUpgradeTimeoutMs: number;
  readonly silentSocketMs: number;
  readonly maxSilentSockets: number;
  readonly maxPendingPerAddress: number;
  readonly maxPendingPerListedAddress: number;
  readonly maxPendingUpgrades: number;
  readonly maxPendingUpgradesUnlisted: number;
  readonly deadAfterMs: number;
}

/** The limits of a member in production. */
export const DEFAULT_PEER_LIMITS: PeerLimits = {
  /** One frame: two blocks of 1 MiB, and room for the message around them. Checked before anything is allocated. */
  maxFrameBytes: 2 * MIB + 64 * KIB,
  /** A reader that is this far behind stops granting window. Above `maxFrameBytes`, so that one slow frame does not. */
  readHighWaterBytes: 4 * MIB,
  /** `send` resolves once no more than this waits to be written: enough to keep the pipe full, little enough to stay flat. */
  writeHighWaterBytes: 2 * MIB,
  /** A peer that takes not one byte for this long while bytes wait for it is given up. */
  sendStallMs: 120_000,
  /** After both sides said all they had to say, how long the other may take to agree. */
  closeGraceMs: 1_000,
  /** Dialling and agreeing on a protocol, together. */
  openTimeoutMs: 15_000,
  /** 1,000 members and some reconnecting. */
  maxConnections: 1_200,
  /** A peer that reconnects leaves dead connections behind; past this number the oldest goes. */
  maxConnectionsPerPeer: 8,
  /** Over all protocols; each has a smaller limit of its own. */
  maxStreamsPerConnection: 128,
  /** libp2p's own limit on one address, after the first byte. */
  connectionsPerSecondPerAddress: 20,
  /** Peers that no roster names, connected at once, where a protocol is open to them at all. */
  maxStrangers: 8,
  /** Enough to pull a roster over a slow line. */
  strangerLifetimeMs: 60_000,
  /** Noise takes two round trips. */
  inboundUpgradeTimeoutMs: 2_000,
  /** A socket that says nothing for this long is closed. */
  silentSocketMs: 3_000,
  /** Past this number the oldest silent socket of an unlisted address makes room: silence never locks anybody out. */
  maxSilentSockets: 2_048,
  /** Sockets of one unlisted address (IPv6: one /64) that have not proved a key yet. */
  maxPendingPerAddress: 4,
  /** The same for addresses that the roster lists, where several members may share one. */
  maxPendingPerListedAddress: 16,
  /** Noise handshakes at once; what comes on top waits its turn. */
  maxPendingUpgrades: 64,
  /** The part of them that unlisted addresses may hold, so that listed ones always find a place. */
  maxPendingUpgradesUnlisted: 48,
  /** Both sides ping every 30 s; a connection on which nothing at all arrived for three of them is dead. */
  deadAfterMs: 100_000,
};

/** Yamux: the largest window a stream may grow to; it takes 16 MiB to fill a long line. */
export const MAX_STREAM_WINDOW_BYTES = 16 * MIB;
/** Must exceed the window, or a paused stream is reset (libp2p 3.3.11). */
export const MAX_READ_BUFFER_BYTES = 20 * MIB;
/** Finite, so that a mistake in back-pressure ends a stream and not the process. */
export const MAX_WRITE_BUFFER_BYTES = 32 * MIB;
/** Yamux ping; without it the round trip stays unknown and the window stuck at 256 KiB. */
export const KEEP_ALIVE_MS = 30_000;
/** libp2p's own ping; never a reason to close, since a busy connection answers late. */
export const PING_INTERVAL_MS = 30_000;
/** Agreement on a protocol, for a stream that a peer opened. */
export const NEGOTIATION_TIMEOUT_MS = 5_000;
