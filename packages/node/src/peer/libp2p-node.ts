/** One libp2p node with the settings of this project; no discovery, no relay, nothing that a roster does not ask for. */
import { noise } from '@chainsafe/libp2p-noise';
import { identify } from '@libp2p/identify';
import type { ComponentLogger, ConnectionGater, Libp2p, Logger, PrivateKey } from '@libp2p/interface';
import { ping } from '@libp2p/ping';
import { createLibp2p } from 'libp2p';
import type { Clock } from '@interhosp/core/world';

import { type FrontDoorOptions, tcpWithFrontDoor } from './front-door.ts';
import { guardedYamux } from './guarded-yamux.ts';
import { NEGOTIATION_TIMEOUT_MS, type PeerLimits, PING_INTERVAL_MS } from './limits.ts';

/** Protocols of libp2p itself that this node speaks; they answer members only. */
export const LIBP2P_PROTOCOLS: readonly string[] = ['/ipfs/id/1.0.0', '/ipfs/ping/1.0.0'];

/** What differs between two nodes. */
export interface Libp2pNodeOptions {
  readonly privateKey: PrivateKey;
  readonly listen: readonly string[];
  readonly limits: PeerLimits;
  readonly clock: Clock;
  readonly gater: ConnectionGater;
  readonly frontDoor: FrontDoorOptions;
}

/** A node that is not started yet. */
export function createLibp2pNode(options: Libp2pNodeOptions): Promise<Libp2p> {
  const { clock, limits } = options;
  return createLibp2p({
    start: false,
    privateKey: options.privateKey,
    addresses: { listen: [...options.listen] },
    logger: silentLogger,
    nodeInfo: { name: 'interhosp', version: '1', userAgent: 'interhosp' },
    transports: [tcpWithFrontDoor(options.frontDoor)],
    connectionEncrypters: [noise()],
    streamMuxers: [guardedYamux(limits, clock)],
    // Addresses come from the roster alone: what a peer says of itself is not kept.
    connectionGater: { ...options.gater, filterMultiaddrForPeer: () => false },
    connectionManager: {
      maxConnections: limits.maxConnections,
      inboundConnectionThreshold: limits.connectionsPerSecondPerAddress,
      maxIncomingPendingConnections: limits.maxPendingUpgrades,
      inboundUpgradeTimeout: limits.inboundUpgradeTimeoutMs,
      inboundStreamProtocolNegotiationTimeout: NEGOTIATION_TIMEOUT_MS,
      outboundStreamProtocolNegotiationTimeout: NEGOTIATION_TIMEOUT_MS,
      // Gives up after 31 s; the supervisor does not.
      reconnectRetries: 0,
    },
    // Aborting on a late ping would kill healthy busy connections; guarded-yamux.ts finds the dead ones.
    connectionMonitor: { pingInterval: PING_INTERVAL_MS, abortConnectionOnPingFailure: false },
    services: { identify: identify(), ping: ping() },
  });
}

/** libp2p logs free text with addresses and error messages of its own; ours are events with closed fields. */
const silent: Logger = Object.assign(() => {}, {
  enabled: false,
  trace: () => {},
  error: () => {},
  newScope: () => silent,
});
const silentLogger: ComponentLogger = { forComponent: () => silent };
