/** IP addresses and networks that may connect. */
import { BlockList, isIP } from 'node:net';

/** Says whether an address is among those that may connect. */
export type IsWithin = (address: string | undefined) => boolean;

/** @throws {RangeError} for what is neither an address nor a network such as `10.1.2.0/24`. */
export function networksOf(allowed: readonly string[]): IsWithin {
  const list = new BlockList();
  for (const each of allowed) {
    const [address = '', bits, ...more] = each.split('/');
    const family = familyOf(address);
    const most = family === 'ipv4' ? 32 : 128;
    const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
    if (family === undefined || more.length > 0 || !(prefix >= 0 && prefix <= most)) {
      throw new RangeError('neither an address nor a network');
    }
    list.addSubnet(address, prefix, family);
  }
  return (address) => {
    // A socket that listens on both families shows IPv4 as a part of IPv6.
    const plain = address?.replace(/^::ffff:(?=[\d.]+$)/i, '') ?? '';
    const family = familyOf(plain);
    return family !== undefined && list.check(plain, family);
  };
}

function familyOf(address: string): 'ipv4' | 'ipv6' | undefined {
  const version = isIP(address);
  return version === 4 ? 'ipv4' : version === 6 ? 'ipv6' : undefined;
}
