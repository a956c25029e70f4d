/** A libp2p node without any of the host's manners, to send what a host would never send. */
import { randomBytes } from 'node:crypto';

import type { Connection, Libp2p } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { silentLog } from '@interhosp/core/world';

import { peerIdOfSeed, privateKeyFromSeed } from '../../src/peer/identity.ts';
import { createLibp2pNode } from '../../src/peer/libp2p-node.ts';
import { DEFAULT_PEER_LIMITS } from '../../src/peer/limits.ts';
import { nodeClock } from '../../src/world/index.ts';

/** A started node and its peer ID. */
export interface RawPeer {
  readonly peerId: string;
  readonly node: Libp2p;
  dial(addresses: readonly string[]): Promise<Connection>;
  stop(): Promise<void>;
}

/** A node that listens nowhere and admits everybody. */
export async function rawPeer(): Promise<RawPeer> {
  const seed = randomBytes(32);
  const limits = DEFAULT_PEER_LIMITS;
  const node = await createLibp2pNode({
    privateKey: privateKeyFromSeed(seed),
    listen: [],
    limits,
    clock: nodeClock(),
    gater: {},
    frontDoor: { limits, log: silentLog, isListed: () => true, routes: new Map() },
  });
  await node.start();
  return {
    peerId: peerIdOfSeed(seed),
    node,
    dial: (addresses) => node.dial(addresses.map((address) => multiaddr(address))),
    stop: async () => node.stop(),
  };
}
