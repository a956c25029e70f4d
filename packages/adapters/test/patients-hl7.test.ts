// The feed over TCP and TLS: real connections, some of them hostile.
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { patientsHl7, type PatientsHl7, type PatientsHl7Options } from '@interhosp/adapters/patients-hl7';
import { StorageError, type InterhospError } from '@interhosp/core/errors';
import type { Log, SafeFields } from '@interhosp/core/world';
import { createCertificateAuthority } from '@interhosp/testing';
import { testClock } from './clock.ts';
import { heldBytes } from './held-bytes.ts';
import { adt, block, fieldOf, pid, Sender } from './hl7-messages.ts';
import { MemoryRegistry } from './memory-registry.ts';

const feeds: PatientsHl7[] = [];
const senders: Sender[] = [];

afterEach(async () => {
  for (const sender of senders.splice(0)) sender.close();
  for (const feed of feeds.splice(0)) await feed.stop();
});

async function started(options: Partial<PatientsHl7Options> = {}) {
  const registry = new MemoryRegistry();
  const lines: ({ readonly event: string } & SafeFields)[] = [];
  const log: Log = {
    forComponent: () => log,
    write: (_level, event, fields = {}) => void lines.push({ event, ...fields }),
  };
  const feed = patientsHl7({ registry, issuer: 'CHU', clock: testClock(), log, port: 0, ...options });
  feeds.push(feed);
  await feed.start();
  return { feed, registry, lines };
}

async function senderTo({ port }: PatientsHl7): Promise<Sender> {
  const sender = await Sender.connect(port);
  senders.push(sender);
  return sender;
}

const person = (id: string, fields = {}): string => pid({ 3: `${id}^^^CHU^PI`, ...fields });
const put = (id: string, fields = {}): string => adt({ segments: [person(id, fields)] });

describe('a feed', () => {
  it('takes a message in any pieces, and answers it', async () => {
    const { feed, registry } = await started();
    const sender = await senderTo(feed);
    for (const byte of block(put('1', { 5: 'Claes^Anna' }))) sender.write(Uint8Array.of(byte));
    expect(await sender.code()).toBe('AA');
    expect(await registry.size()).toBe(1);
    expect(await feed.get('1')).toMatchObject({ name: { alphabetic: { family: 'Claes' } } });
  });

  it('answers in the order in which messages came, however many come at once', async () => {
    const { feed, registry } = await started();
    const sender = await senderTo(feed);
    const messages = Array.from({ length: 200 }, (_, at) =>
      adt({ controlId: `C${at}`, segments: [person('1', { 5: `Name${at}` })] }),
    );
    sender.write(Buffer.concat(messages.map((message) => block(message))));
    for (let at = 0; at < messages.length; at++) {
      const seen = await sender.next();
      expect(typeof seen === 'string' ? seen : fieldOf(seen.answer, 'MSA', 2)).toBe(`C${at}`);
    }
    expect(registry.applied.map((change) => change.kind === 'put' && change.patient.name?.alphabetic.family)).toEqual(
      messages.map((_, at) => `Name${at}`),
    );
  });

  it('acknowledges nothing that is not kept', async () => {
    const { feed, registry } = await started();
    const sender = await senderTo(feed);
    const kept = Promise.withResolvers<void>();
    registry.before = () => kept.promise;
    sender.send(put('1'));
    expect(await sender.next(100)).toBe('nothing');
    kept.resolve();
    expect(await sender.code()).toBe('AA');
    registry.before = () => Promise.reject(new StorageError('STORAGE_FULL'));
    sender.send(put('2'));
    expect(await sender.code()).toBe('AE');
    registry.before = async () => {};
    sender.send(put('2'));
    expect(await sender.code()).toBe('AA');
  });

  it('takes the messages of several connections', async () => {
    const { feed, registry } = await started();
    const several = await Promise.all(Array.from({ length: 8 }, () => senderTo(feed)));
    await Promise.all(
      several.map(async (sender, at) => {
        for (let count = 0; count < 10; count++) {
          sender.send(put(`${at}-${count}`));
          expect(await sender.code()).toBe('AA');
        }
      }),
    );
    expect(await registry.size()).toBe(80);
  });

  it('answers a sender that says at once that it has no more', async () => {
    const { feed } = await started();
    const sender = await senderTo(feed);
    sender.socket.end(block(put('1')));
    expect(await sender.code()).toBe('AA');
    expect(await sender.next()).toBe('closed');
  });

  it('goes on after a message that it refuses', async () => {
    const { feed, registry } = await started();
    const sender = await senderTo(feed);
    sender.send('no HL7');
    sender.send(put('1'));
    expect([await sender.code(), await sender.code()]).toEqual(['AR', 'AA']);
    expect(await registry.size()).toBe(1);
  });

  it('applies nothing of a message that breaks off, and takes it when it is repeated', async () => {
    const { feed, lines, registry } = await started();
    const message = block(put('1'));
    for (const length of [1, 20, message.length - 2, message.length - 1]) {
      const sender = await senderTo(feed);
      sender.socket.end(message.subarray(0, length));
      expect(await sender.next()).toBe('closed');
    }
    expect(registry.applied).toEqual([]);
    expect(lines.filter(({ event, reason }) => event === 'patients.feed.cut' && reason === 'closed')).toHaveLength(4);
    const sender = await senderTo(feed);
    sender.write(message);
    expect(await sender.code()).toBe('AA');
  });

  it('stops in the middle of a message, and takes it whole after the next start', async () => {
    const { feed, registry } = await started();
    const message = block(put('1'));
    const before = await senderTo(feed);
    before.write(message.subarray(0, 30));
    await new Promise((resolve) => setTimeout(resolve, 30));
    await feed.stop();
    expect(await before.next()).toBe('closed');
    await feed.start();
    expect(await registry.size()).toBe(0);
    const after = await senderTo(feed);
    after.write(message);
    expect(await after.code()).toBe('AA');
    expect(await registry.size()).toBe(1);
  });

  it('answers what it is applying when it stops', async () => {
    const { feed, registry } = await started();
    const sender = await senderTo(feed);
    const kept = Promise.withResolvers<void>();
    const isAsked = Promise.withResolvers<void>();
    registry.before = async () => {
      isAsked.resolve();
      await kept.promise;
    };
    sender.write(Buffer.concat([block(put('1')), block(put('2'))]));
    await isAsked.promise;
    const stopped = feed.stop();
    kept.resolve();
    expect(await sender.code()).toBe('AA');
    expect(await sender.next()).toBe('closed');
    await stopped;
    expect(registry.applied).toHaveLength(1);
  });

  it('says that its port is taken, and starts once it is not', async () => {
    const other = createServer();
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const { port } = other.address() as AddressInfo;
    const registry = new MemoryRegistry();
    const feed = patientsHl7({ registry, issuer: 'CHU', clock: testClock(), port });
    feeds.push(feed);
    const error = await feed.start().then(
      () => undefined,
      (thrown: unknown) => thrown as InterhospError,
    );
    expect([error?.code, error?.details]).toEqual([
      'RECONCILIATION_DIRECTORY_UNAVAILABLE',
      { port, reason: 'EADDRINUSE' },
    ]);
    expect(registry.isRunning).toBe(false);
    await new Promise((resolve) => other.close(resolve));
    await feed.start();
    expect(feed.port).toBe(port);
  });

  it('lets only addresses in that the site names', async () => {
    const { feed, lines } = await started({ addresses: ['10.0.0.0/8', '::1'] });
    const stranger = await senderTo(feed);
    expect(await stranger.next()).toBe('closed');
    expect(lines).toContainEqual({ event: 'patients.feed.rejected', reason: 'address' });
    const { feed: open } = await started({ addresses: ['127.0.0.0/8'] });
    const sender = await senderTo(open);
    sender.send(put('1'));
    expect(await sender.code()).toBe('AA');
  });
});

describe('a hostile sender', () => {
  it('that never ends its message is cut at the limit, and costs no memory', async () => {
    const { feed, lines } = await started();
    const before = heldBytes();
    const socket = connect(feed.port, '127.0.0.1');
    socket.on('error', () => {});
    const closed = new Promise<void>((resolve) => void socket.once('close', () => resolve()));
    socket.resume();
    let sent = 0;
    const piece = Buffer.alloc(1_048_576, 65);
    socket.write(Buffer.from([0x0b]));
    while (!socket.destroyed && sent < 1_073_741_824) {
      sent += piece.length;
      if (!socket.write(piece)) await Promise.race([once(socket, 'drain').catch(() => {}), closed]);
    }
    socket.destroy();
    await closed;
    expect(sent).toBeLessThan(64 * 1_048_576);
    expect(lines).toContainEqual({ event: 'patients.feed.cut', reason: 'too-long', limit: 1_048_576 });
    expect(heldBytes() - before).toBeLessThan(16 * 1_048_576);
  });

  it.each([
    ['speaks HTTP', `GET / HTTP/1.1\r\n${'X: y\r\n'.repeat(300)}`, 'no-block'],
    ['hides a message in another', `\x0b${put('1')}\x0b${put('2')}\x1c\r`, 'block-in-block'],
    ['ends without CR', `\x0b${put('1')}\x1c\x0b`, 'end-in-block'],
  ])('that %s is cut', async (_what, bytes, reason) => {
    const { feed, lines, registry } = await started();
    const sender = await senderTo(feed);
    sender.write(Buffer.from(bytes, 'latin1'));
    expect(await sender.next()).toBe('closed');
    expect(lines).toContainEqual({ event: 'patients.feed.cut', reason });
    expect(registry.applied).toEqual([]);
  });

  it('that is silent, by the thousand, keeps nobody out', async () => {
    const { feed } = await started();
    const real = await senderTo(feed);
    real.send(put('1'));
    expect(await real.code()).toBe('AA');
    const silent = Array.from({ length: 2_000 }, () => connect(feed.port, '127.0.0.1').on('error', () => {}));
    for (let at = 0; at < 20; at++) {
      const late = await senderTo(feed);
      late.send(put(`late-${at}`));
      real.send(put(`real-${at}`));
      expect([await late.code(20_000), await real.code(20_000)]).toEqual(['AA', 'AA']);
    }
    for (const socket of silent) socket.destroy();
  });

  it('is one of a few: of too many that say nothing the oldest goes', async () => {
    const { feed } = await started({ limits: { strangers: 2 } });
    const silent: Sender[] = [];
    for (let count = 0; count < 3; count++) silent.push(await senderTo(feed));
    expect(await silent[0]?.next()).toBe('closed');
    silent[1]?.send(put('1'));
    silent[2]?.send(put('2'));
    expect([await silent[1]?.code(), await silent[2]?.code()]).toEqual(['AA', 'AA']);
  });

  it('is given a time for its first message, however it drips', async () => {
    const { feed } = await started({ limits: { firstMessageMs: 200 } });
    const sender = await senderTo(feed);
    sender.write('\x0b');
    const dripping = setInterval(() => sender.write('A'), 20);
    expect(await sender.next(2_000)).toBe('closed');
    clearInterval(dripping);
  });

  it('is given a time for each message, and for silence', async () => {
    const { feed } = await started({ limits: { firstMessageMs: 10_000, wholeMessageMs: 200, idleMs: 200 } });
    const dripping = await senderTo(feed);
    dripping.send(put('1'));
    expect(await dripping.code()).toBe('AA');
    dripping.write('\x0b');
    const drip = setInterval(() => dripping.write('A'), 20);
    expect(await dripping.next(2_000)).toBe('closed');
    clearInterval(drip);
    const silent = await senderTo(feed);
    silent.send(put('1'));
    expect([await silent.code(), await silent.next(2_000)]).toEqual(['AA', 'closed']);
  });

  it('is not thrown out while its message is being kept', async () => {
    const { feed, registry } = await started({ limits: { firstMessageMs: 50, idleMs: 50, strangers: 1 } });
    registry.before = () => new Promise((resolve) => setTimeout(resolve, 300));
    const sender = await senderTo(feed);
    sender.send(put('1'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (let count = 0; count < 5; count++) await senderTo(feed);
    expect(await sender.code()).toBe('AA');
  });

  it('gets no more connections than there are for those whose messages are taken', async () => {
    const { feed, lines, registry } = await started({ limits: { connections: 2 } });
    for (const id of ['1', '2']) {
      const sender = await senderTo(feed);
      sender.send(put(id));
      expect(await sender.code()).toBe('AA');
    }
    const third = await senderTo(feed);
    third.send(put('3'));
    expect(await third.next()).toBe('closed');
    expect(lines).toContainEqual({ event: 'patients.feed.rejected', reason: 'connections', limit: 2 });
    expect(registry.applied).toHaveLength(2);
    senders[0]?.close();
    await expect
      .poll(async () => {
        const again = await senderTo(feed);
        again.send(put('3'));
        return await again.code();
      })
      .toBe('AA');
  });

  it('that takes no answers is held up, and cut', async () => {
    const { feed, registry } = await started({ limits: { answerMs: 300 } });
    const sender = await senderTo(feed);
    sender.socket.pause();
    const message = block(adt({ controlId: 'x'.repeat(250), segments: [person('1')] }));
    const many = Buffer.concat(Array.from({ length: 60_000 }, () => message));
    sender.write(many);
    const isGone = (): boolean => sender.socket.destroyed || sender.socket.errored !== null;
    await expect.poll(isGone, { timeout: 20_000 }).toBe(true);
    expect(registry.applied.length).toBeGreaterThan(0);
    expect(registry.applied.length).toBeLessThan(60_000);
  });

  it('sends 20,000 segments, or a deep message, in vain', async () => {
    const { feed, registry } = await started();
    const sender = await senderTo(feed);
    sender.send(adt({ segments: [person('1'), ...Array.from({ length: 20_000 }, () => 'OBX|1')] }));
    sender.send(adt({ segments: [`PID|||1^^^CHU^PI||${'~'.repeat(900_000)}`] }));
    sender.send(adt({ segments: [person('1\0\x02', { 5: 'a\0b' })] }));
    expect([await sender.code(), await sender.code(), await sender.code()]).toEqual(['AR', 'AR', 'AA']);
    expect(registry.applied).toMatchObject([
      { patient: { patientId: { id: '1' }, name: { alphabetic: { family: 'a b' } } } },
    ]);
  });
});

describe('a feed over TLS', () => {
  const authority = createCertificateAuthority('Hospital');
  const other = createCertificateAuthority('Elsewhere');
  const own = authority.issue({ name: 'feed', hosts: ['127.0.0.1'] });
  const engine = authority.issue({ name: 'engine' });
  const tls = { ca: authority.cert, cert: own.cert, key: own.key };

  async function code(feed: PatientsHl7, options: object): Promise<string> {
    const socket = connectTls({ port: feed.port, host: '127.0.0.1', ca: authority.cert, ...options });
    const sender = new Sender(socket);
    senders.push(sender);
    socket.on('secureConnect', () => sender.send(put('1')));
    return await sender.code();
  }

  it('takes messages of those who have a certificate of a trusted authority, and of nobody else', async () => {
    const { feed, registry } = await started({ tls });
    for (const version of ['TLSv1.2', 'TLSv1.3']) {
      expect(await code(feed, { ...engine, minVersion: version, maxVersion: version })).toBe('AA');
    }
    const before = registry.applied.length;
    expect(await code(feed, {})).toBe('closed');
    expect(await code(feed, other.issue({ name: 'engine' }))).toBe('closed');
    expect(await code(feed, { ...engine, maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'ALL@SECLEVEL=0' })).toBe(
      'closed',
    );
    expect(await code(feed, { ...engine, maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA256' })).toBe('closed');
    const plain = await senderTo(feed);
    plain.send(put('2'));
    expect(await plain.next()).toBe('closed');
    expect(registry.applied).toHaveLength(before);
  });

  it('takes only the certificates that are named', async () => {
    const { X509Certificate } = await import('node:crypto');
    const { fingerprint256 } = new X509Certificate(engine.cert);
    const { feed, lines } = await started({
      tls: { ...tls, fingerprints: [`sha256:${fingerprint256.toLowerCase()}`] },
    });
    expect(await code(feed, engine)).toBe('AA');
    expect(await code(feed, authority.issue({ name: 'engine' }))).toBe('closed');
    expect(lines).toContainEqual({ event: 'patients.feed.rejected', reason: 'fingerprint' });
  });

  it('is not kept from anybody by handshakes that do not end', async () => {
    const { feed } = await started({ tls });
    const silent = Array.from({ length: 300 }, () => connect(feed.port, '127.0.0.1').on('error', () => {}));
    expect(await code(feed, engine)).toBe('AA');
    for (const socket of silent) socket.destroy();
  });
});
