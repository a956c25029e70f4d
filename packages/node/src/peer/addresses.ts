/** Multiaddrs of the roster, made ready to be dialled. */
import { CODE_P2P, multiaddr, type Multiaddr } from '@multiformats/multiaddr';
import { PeerError } from '@interhosp/core/errors';

/**
 * The address with the peer ID that must answer there.
 *
 * @throws {PeerError} `PEER_UNREACHABLE` when it is no multiaddr, `PEER_IDENTITY` when it names another peer.
 */
export function withPeerId(address: string, peerId: string): Multiaddr {
  const parsed = parse(address);
  const named = parsed.getComponents().findLast(({ code }) => code === CODE_P2P)?.value;
  if (named === undefined) return parsed.encapsulate(`/p2p/${peerId}`);
  if (named !== peerId) throw new PeerError('PEER_IDENTITY', { details: { peerId, reason: 'address' } });
  return parsed;
}

function parse(address: string): Multiaddr {
  try {
    return multiaddr(address);
  } catch (cause) {
    throw new PeerError('PEER_UNREACHABLE', { cause, retry: 'no', details: { reason: 'address-form' } });
  }
}
