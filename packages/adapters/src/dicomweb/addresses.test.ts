import { describe, expect, it } from 'vitest';
import { guardedLookup, isForbiddenAddress, parseServiceUrl } from './addresses.ts';

function resolved(hostname: string, all: boolean): Promise<unknown> {
  return new Promise((resolve, reject) => {
    guardedLookup(hostname, { all }, (error, address, family) => {
      if (error === null) resolve(all ? address : [address, family]);
      else reject(error);
    });
  });
}

describe('addresses of services', () => {
  it.each(['169.254.0.1', '169.254.169.254', '[fe80::1%eth0]', 'fe80::1', '::ffff:169.254.169.254', '100.100.100.200'])(
    '%s is forbidden',
    (address) => {
      expect(isForbiddenAddress(address)).toBe(true);
    },
  );

  it.each(['127.0.0.1', '10.0.0.1', '169.253.1.1', '::1', 'fd00::1', 'pacs.hospital.example', ''])(
    '%s is not',
    (address) => {
      expect(isForbiddenAddress(address)).toBe(false);
    },
  );

  it('lose the slash at their end', () => {
    expect(parseServiceUrl('https://pacs:8443/a/b//', 'x').href).toBe('https://pacs:8443/a/b');
    expect(parseServiceUrl('http://pacs', 'x').pathname).toBe('/');
  });

  it('are looked up for each connection, and not when they are link-local', async () => {
    expect(await resolved('127.0.0.1', false)).toEqual(['127.0.0.1', 4]);
    expect(await resolved('127.0.0.1', true)).toEqual([{ address: '127.0.0.1', family: 4 }]);
    await expect(resolved('169.254.169.254', true)).rejects.toMatchObject({ code: 'ERR_ADDRESS_REFUSED' });
    await expect(resolved('169.254.169.254', false)).rejects.toMatchObject({ code: 'ERR_ADDRESS_REFUSED' });
  });
});
