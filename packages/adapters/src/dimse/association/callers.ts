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
  /** Names of the services it may use when this entry lets it in; default all. */
  readonly services?: readonly string[];
}

/** What a caller calls us and itself. */
export type CallerTitles = Pick<AssociateRequest, 'calledAe' | 'callingAe'>;

/** An allow list. */
export interface Callers {
  /** Why a request is rejected; undefined when it may come in. */
  problem(request: CallerTitles, caller: Caller): AssociateReject | undefined;
  /** Whether one of the entries that let a caller in gives it a service. */
  mayUse(request: CallerTitles, caller: Caller, service: string): boolean;
}

/**
 * Makes an allow list. The same title may stand in it several times: one entry that fits is enough, and gives its own
 * services alone. An entry for another address or certificate of the title gives nothing.
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
  const fitting = ({ callingAe }: CallerTitles, { address, fingerprint }: Caller) =>
    entries.filter(
      ({ aeTitle, networks, prints }) =>
        aeTitle === callingAe &&
        (networks === undefined || isWithin(networks, address)) &&
        (prints === undefined || (fingerprint !== undefined && prints.has(fingerprint))),
    );
  return {
    problem(request, caller) {
      if (!titles.has(request.calledAe)) return REJECTIONS.calledAe;
      // One answer for a wrong title, address or certificate: it does not tell which of them to try next.
      return fitting(request, caller).length > 0 ? undefined : REJECTIONS.callingAe;
    },
    mayUse: (request, caller, service) =>
      fitting(request, caller).some(({ services }) => services?.includes(service) !== false),
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
