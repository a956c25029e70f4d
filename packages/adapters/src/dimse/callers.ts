/**
 * Who may call, and what for. An AE title is a name that anybody can give; it counts only together with the address it comes
 * from and, over TLS, with the certificate it is bound to (PS3.15 B.9).
 */
import { BlockList, isIP } from 'node:net';
import type { Caller } from './accept-association.ts';
import type { AeTitle } from './ae-title.ts';
import { REJECTIONS, type AssociateReject, type AssociateRequest } from './associate.ts';
import { normalFingerprint } from './tls.ts';

/** One application entity that may call. */
export interface AllowedCaller {
  readonly aeTitle: AeTitle;
  /** IP addresses or networks (`10.1.2.0/24`) it calls from; without, from anywhere: then only the certificate speaks for it. */
  readonly addresses?: readonly string[];
  /** SHA-256 fingerprints of its certificates; without, any certificate that the listener trusts will do. */
  readonly fingerprints?: readonly string[];
  /** Names of the services it may use; default all. */
  readonly services?: readonly string[];
}

/** An allow list. */
export interface Callers {
  /** Why a request is rejected; undefined when it may come in. */
  problem(request: Pick<AssociateRequest, 'calledAe' | 'callingAe'>, caller: Caller): AssociateReject | undefined;
  /** Whether an application entity that came in may use a service. */
  mayUse(callingAe: string, service: string): boolean;
}

/**
 * Makes an allow list. The same title may stand in it several times: one entry that fits is enough.
 *
 * @param ours - The titles under which we are called.
 * @throws {RangeError} for what is neither an address nor a network.
 */
export function createCallers(ours: readonly AeTitle[], allowed: readonly AllowedCaller[]): Callers {
  const titles: ReadonlySet<string> = new Set(ours);
  const entries = allowed.map((each) => ({
    ...each,
    networks: each.addresses === undefined ? undefined : networksOf(each.addresses),
    prints: each.fingerprints === undefined ? undefined : new Set(each.fingerprints.map(normalFingerprint)),
  }));
  return {
    problem({ calledAe, callingAe }, { address, fingerprint }) {
      if (!titles.has(calledAe)) return REJECTIONS.calledAe;
      const isKnown = entries.some(
        ({ aeTitle, networks, prints }) =>
          aeTitle === callingAe &&
          (networks === undefined || isWithin(networks, address)) &&
          (prints === undefined || (fingerprint !== undefined && prints.has(fingerprint))),
      );
      // One answer for a wrong title, address or certificate: it does not tell which of them to try next.
      return isKnown ? undefined : REJECTIONS.callingAe;
    },
    mayUse: (callingAe, service) =>
      entries.some(({ aeTitle, services }) => aeTitle === callingAe && services?.includes(service) !== false),
  };
}

function networksOf(addresses: readonly string[]): BlockList {
  const networks = new BlockList();
  for (const each of addresses) {
    const [address = '', prefix] = each.split('/');
    const family = familyOf(address);
    if (family === undefined) throw new RangeError('neither an IP address nor a network');
    const bits = prefix === undefined ? (family === 'ipv4' ? 32 : 128) : Number(prefix);
    if (!/^\d{1,3}$/.test(prefix ?? '0') || bits > (family === 'ipv4' ? 32 : 128)) {
      throw new RangeError('a network has a prefix of 0 to 32 or 128 bits');
    }
    networks.addSubnet(address, bits, family);
  }
  return networks;
}

function isWithin(networks: BlockList, address: string): boolean {
  const family = familyOf(address);
  return family !== undefined && networks.check(address, family);
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  const version = isIP(address);
  if (version === 0) return undefined;
  return version === 4 ? 'ipv4' : 'ipv6';
}
