import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { guardedLookup, guardedLookupOf, isForbiddenAddress, parseServiceUrl, type Resolver } from './addresses.ts';

function resolved(hostname: string, all: boolean): Promise<unknown> {
  return new Promise((resolve, reject) => {
    guardedLookup(hostname, { all }, (error, address, family) => {
      if (error === null) resolve(all ? address : [address, family]);
      else reject(error);
    });
  });
}

describe('addresses of services', () => {
  it.each([
    '169.254.0.1',
    '169.254.169.254',
    '[fe80::1%eth0]',
    'fe80::1',
    '::ffff:169.254.169.254',
    '::169.254.169.254',
    '64:ff9b::169.254.169.254',
    '2002:a9fe:a9fe::1',
    '100.100.100.200',
    '168.63.129.16',
    '192.0.0.192',
    'fd00:ec2::254',
  ])('%s is forbidden', (address) => {
    expect(isForbiddenAddress(address)).toBe(true);
  });

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

  it('are looked up once for a connection, and what was checked is what is connected to', async () => {
    const server = createServer((socket) => socket.end());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    // A name that answers once with our address, and then with the cloud's (DNS rebinding).
    let asked = 0;
    const rebinding: Resolver = (_name, _options, callback) => {
      callback(null, [{ address: asked++ === 0 ? '127.0.0.1' : '169.254.169.254', family: 4 }]);
    };
    const lookup = guardedLookupOf(rebinding);
    const connected = connect({ host: 'pacs.example', port, lookup });
    await once(connected, 'connect');
    expect([asked, connected.remoteAddress]).toEqual([1, '127.0.0.1']);
    connected.destroy();
    const [error] = (await once(connect({ host: 'pacs.example', port, lookup }), 'error')) as [NodeJS.ErrnoException];
    expect([asked, error.code]).toEqual([2, 'ERR_ADDRESS_REFUSED']);
    server.close();
  });

  it('may have a forbidden one among others, which is left out', async () => {
    const both: Resolver = (_name, _options, callback) =>
      callback(null, [
        { address: '169.254.169.254', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ]);
    const found = await new Promise((resolve) => {
      guardedLookupOf(both)('pacs.example', { all: true }, (_error, addresses) => resolve(addresses));
    });
    expect(found).toEqual([{ address: '127.0.0.1', family: 4 }]);
  });
});
