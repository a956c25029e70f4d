/**
 * Where the client may connect to: the configured origin and base path, and no link-local address, where clouds keep
 * the credentials of their machines (SSRF).
 */
import { lookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import { ConfigError } from '@interhosp/core/errors';

const forbidden = new BlockList();
forbidden.addSubnet('169.254.0.0', 16, 'ipv4');
forbidden.addSubnet('fe80::', 10, 'ipv6');
// The same in the forms that lead from IPv6 to IPv4: compatible, translated (RFC 6052), 6to4. Mapped ones are known to Node.
forbidden.addSubnet('::a9fe:0', 112, 'ipv6');
forbidden.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6');
forbidden.addSubnet('2002:a9fe::', 32, 'ipv6');
// Metadata services of clouds outside the link-local range.
forbidden.addAddress('100.100.100.200', 'ipv4');
forbidden.addAddress('168.63.129.16', 'ipv4');
forbidden.addAddress('192.0.0.192', 'ipv4');
forbidden.addAddress('fd00:ec2::254', 'ipv6');

/** Whether nobody should be led to this address; texts that are no address are not. */
export function isForbiddenAddress(address: string): boolean {
  const bare = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  const family = isIP(bare);
  return family !== 0 && forbidden.check(bare, family === 6 ? 'ipv6' : 'ipv4');
}

/**
 * Reads the address of a service from the configuration; the path ends without a slash.
 *
 * @throws {ConfigError} `CONFIG_INVALID` unless it is http or https, without user, query or fragment, and no link-local
 *   address.
 */
export function parseServiceUrl(text: string, field: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isSound =
    url !== undefined &&
    (url.protocol === 'https:' || url.protocol === 'http:') &&
    url.username === '' &&
    url.password === '' &&
    url.search === '' &&
    url.hash === '' &&
    // The parser has made dotted decimals of 0xa9fea9fe, 2852039166 and the like.
    !isForbiddenAddress(url.hostname);
  if (!isSound) throw new ConfigError('CONFIG_INVALID', { details: { field } });
  url.pathname = url.pathname.replace(/\/+$/, '');
  return url;
}

type LookupCallback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/** Resolves host names, as `dns.lookup` does. */
export type Resolver = (
  hostname: string,
  options: LookupOptions & { readonly all: true },
  callback: (error: NodeJS.ErrnoException | null, found: LookupAddress[]) => void,
) => void;

type GuardedLookup = (hostname: string, options: LookupOptions, callback: LookupCallback) => void;

/**
 * Makes the lookup of a connection: what it returns was checked, and is what is connected to. A name that points to a
 * forbidden address today is refused, whatever it pointed to when it was configured, or a moment ago.
 */
export function guardedLookupOf(resolve: Resolver): GuardedLookup {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      const addresses = found.filter(({ address }) => !isForbiddenAddress(address));
      const [first] = addresses;
      if (first === undefined) {
        const refusal: NodeJS.ErrnoException = new Error('the name points to a link-local address');
        refusal.code = 'ERR_ADDRESS_REFUSED';
        callback(refusal, []);
        return;
      }
      if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

/** With the resolver of the system. */
export const guardedLookup: GuardedLookup = guardedLookupOf(lookup);
