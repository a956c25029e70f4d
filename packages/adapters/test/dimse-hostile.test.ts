// What a stranger, a liar or a broken machine on the hospital's network may do to our listener (threats T16, T17).
import { once } from 'node:events';
import { connect, Server, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { X509Certificate } from 'node:crypto';
import { parseUid, type Uid } from '@interhosp/core/dicom';
import { errorCodeOf } from '@interhosp/core/errors';
import type { Log } from '@interhosp/core/world';
import { createCertificateAuthority } from '@interhosp/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { parseAeTitle } from '../src/dimse/association/ae-title.ts';
import { encodeAssociateRequest, type ProposedContext } from '../src/dimse/association/associate.ts';
import { COMMANDS, encodeCommand } from '../src/dimse/association/command-set.ts';
import { echo, echoOn } from '../src/dimse/association/echo.ts';
import type { Listener } from '../src/dimse/association/listener.ts';
import { PdvWriter } from '../src/dimse/association/pdv-writer.ts';
import {
  ourselves,
  proposedContexts,
  requestAssociation,
  type PeerAddress,
} from '../src/dimse/association/request-association.ts';
import { openDimseServer, type OpenServerOptions } from '../src/dimse/server/service.ts';
import { storageService } from '../src/dimse/store/storage-service.ts';
import type { TlsIdentity } from '../src/dimse/association/tls.ts';
import { PLAIN_SYNTAXES, SOP_CLASSES } from '../src/dimse/association/uids.ts';
import { verificationService } from '../src/dimse/server/verification-service.ts';
import { ABORT, RawPeer, sendAndClose } from './raw-peer.ts';

const OURS = parseAeTitle('ARCHIVE');
const MODALITY = parseAeTitle('MODALITY');
const CT = parseUid('1.2.840.10008.5.1.4.1.1.2');
const echoContexts = proposedContexts([{ abstractSyntax: SOP_CLASSES.verification, transferSyntaxes: PLAIN_SYNTAXES }]);

const ends: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function server(options: Partial<OpenServerOptions> = {}): Promise<Listener> {
  const listener = await openDimseServer({
    port: 0,
    aeTitles: [OURS],
    callers: [{ aeTitle: MODALITY, addresses: ['127.0.0.0/8'] }],
    services: [
      verificationService,
      storageService({
        take: async ({ dataSet }) => {
          for (let pieces = await dataSet.batch(); pieces.length > 0;) pieces = await dataSet.batch();
          return 0;
        },
      }),
    ],
    ...options,
  });
  ends.push(() => listener.stop());
  return listener;
}

function at({ port }: Listener, peer: Partial<PeerAddress> = {}): PeerAddress {
  return { host: '127.0.0.1', port, calledAe: OURS, callingAe: MODALITY, ...peer };
}

function request(contexts: readonly ProposedContext[] = echoContexts, calledAe = OURS, callingAe = MODALITY): Buffer {
  return Buffer.from(encodeAssociateRequest({ calledAe, callingAe, contexts, user: ourselves([]) }));
}

async function peerOf({ port }: Listener): Promise<RawPeer> {
  const peer = await RawPeer.connect(port);
  ends.push(() => peer.close());
  return peer;
}

function pdata(bytes: Uint8Array, isCommand: boolean, maxPduBytes = 16_384): Buffer {
  const out: Uint8Array[] = [];
  const writer = new PdvWriter({ contextId: 1, isCommand, maxPduBytes });
  writer.push(bytes, out);
  writer.end(out);
  return Buffer.concat(out);
}

describe('who may call', () => {
  const other = parseAeTitle('SOMEBODY');
  it.each([
    ['another called title', request(echoContexts, other), '00010107'],
    ['another calling title', request(echoContexts, OURS, other), '00010103'],
    ['a title that differs in case', request(echoContexts, OURS, parseAeTitle('modality')), '00010103'],
    ['another protocol version', versioned(request(), 2), '00010202'],
    ['another application context', renamed(request(), '1.2.840.10008.3.1.1.1', '1.2.840.10008.3.1.1.2'), '00010102'],
  ])('%s is rejected with result, source and reason of table 9-21', async (_, bytes, rejection) => {
    const peer = await peerOf(await server());
    peer.send(bytes);
    expect([await peer.word(), await peer.word()]).toEqual([`3 ${rejection}`, 'closed']);
  });

  it('an address outside its networks is rejected as an unknown title is', async () => {
    for (const [addresses, answer] of [
      [['10.0.0.0/8', '192.168.1.7', '::1'], '3 00010103'],
      [['10.0.0.0/8', '127.0.0.1'], '2 '],
      [['127.0.0.0/30'], '2 '],
    ] as const) {
      const peer = await peerOf(await server({ callers: [{ aeTitle: MODALITY, addresses }] }));
      peer.send(request());
      expect((await peer.word()).startsWith(answer)).toBe(true);
    }
    await expect(server({ callers: [{ aeTitle: MODALITY, addresses: ['10.0.0.0/33'] }] })).rejects.toThrow(RangeError);
    await expect(server({ callers: [{ aeTitle: MODALITY, addresses: ['pacs.local'] }] })).rejects.toThrow(RangeError);
  });

  it('a caller is refused the services it may not use, context by context', async () => {
    const listener = await server({ callers: [{ aeTitle: MODALITY, services: ['verification'] }] });
    const contexts = proposedContexts(
      [SOP_CLASSES.verification, CT].map((abstractSyntax) => ({ abstractSyntax, transferSyntaxes: PLAIN_SYNTAXES })),
    );
    const association = await requestAssociation(at(listener), { contexts });
    expect(association.agreement.contexts.map(({ abstractSyntax }) => abstractSyntax)).toEqual([
      SOP_CLASSES.verification,
    ]);
    await association.release();
  });

  it('an entry gives its services to whom it lets in, and to nobody else of the same title', async () => {
    const elsewhere = { aeTitle: MODALITY, addresses: ['10.0.0.1'] };
    const here = { aeTitle: MODALITY, addresses: ['127.0.0.1'] };
    const contexts = proposedContexts(
      [SOP_CLASSES.verification, CT].map((abstractSyntax) => ({ abstractSyntax, transferSyntaxes: PLAIN_SYNTAXES })),
    );
    const echoAlone = { services: ['verification'] };
    const storeAlone = { services: ['storage'] };
    for (const [callers, served] of [
      [[{ ...here, ...echoAlone }, elsewhere], [SOP_CLASSES.verification]],
      [[elsewhere, { ...here, ...echoAlone }], [SOP_CLASSES.verification]],
      // The key of a certificate that was not shown opens nothing.
      [
        [
          { ...here, ...echoAlone },
          { aeTitle: MODALITY, fingerprints: ['AB'.repeat(32)] },
        ],
        [SOP_CLASSES.verification],
      ],
      // Both let it in.
      [
        [
          { ...here, ...echoAlone },
          { ...here, ...storeAlone },
        ],
        [SOP_CLASSES.verification, CT],
      ],
      [
        [
          { ...here, ...storeAlone },
          { ...elsewhere, ...echoAlone },
        ],
        [CT],
      ],
    ] as const) {
      const association = await requestAssociation(at(await server({ callers })), { contexts });
      expect(association.agreement.contexts.map(({ abstractSyntax }) => abstractSyntax)).toEqual(served);
      await association.release();
    }
  });

  it('more associations than an application entity, or all of them, may have are rejected for now', async () => {
    const another = parseAeTitle('ANOTHER');
    const listener = await server({
      callers: [{ aeTitle: MODALITY }, { aeTitle: another }],
      maxAssociations: 3,
      maxAssociationsPerAe: 2,
    });
    const open = async (callingAe = MODALITY) =>
      await requestAssociation(at(listener, { callingAe }), { contexts: echoContexts });
    const first = [await open(), await open()];
    await expect(open()).rejects.toMatchObject({ code: 'PACS_BUSY', details: { reason: 'rejected-2-3-2' } });
    const third = await open(another);
    await expect(open(another)).rejects.toMatchObject({ code: 'PACS_BUSY' });
    expect(listener.associations).toBe(3);
    await first[0]?.release();
    await expect.poll(() => listener.associations).toBe(2);
    await (await open()).release();
    for (const association of [...first, third]) association.abort();
  });
});

describe('which objects are taken', () => {
  const LOSSLESS = parseUid('1.2.840.10008.1.2.4.70');
  const [explicit, implicit] = PLAIN_SYNTAXES as [Uid, Uid];
  const agreed = async (
    abstractSyntax: Uid,
    transferSyntaxes: readonly Uid[],
    options = {},
  ): Promise<string | undefined> => {
    const listener = await server({
      services: [storageService({ take: async () => 0, ...options })],
    });
    const contexts = proposedContexts([{ abstractSyntax, transferSyntaxes }]);
    const association = await requestAssociation(at(listener), { contexts });
    await association.release();
    return association.agreement.contexts[0]?.transferSyntax;
  };

  it('every storage class, in the syntax that the sender names first, so that it need not convert', async () => {
    expect(await agreed(CT, [LOSSLESS, explicit, implicit])).toBe(LOSSLESS);
    expect(await agreed(CT, [implicit, explicit])).toBe(implicit);
    expect(await agreed(parseUid('1.2.840.10008.5.1.4.1.1.9999.1'), [explicit])).toBe(explicit);
  });

  it('in an order of ours, where one is configured', async () => {
    const syntaxes = [explicit, LOSSLESS];
    expect(await agreed(CT, [implicit, LOSSLESS, explicit], { syntaxes })).toBe(explicit);
    expect(await agreed(CT, [implicit], { syntaxes })).toBeUndefined();
  });

  it('private ones only where they are configured, and never what cannot be passed on', async () => {
    const vendor = parseUid('1.3.12.2.1107.5.9.1');
    expect(await agreed(vendor, [explicit])).toBeUndefined();
    expect(await agreed(vendor, [explicit], { privateClasses: [vendor] })).toBe(explicit);
    const syntax = parseUid('1.3.12.2.1107.9.9');
    expect(await agreed(CT, [syntax])).toBeUndefined();
    expect(await agreed(CT, [syntax], { privateSyntaxes: [syntax] })).toBe(syntax);
    // JPIP names a server that nobody at the other end reaches.
    expect(await agreed(CT, [parseUid('1.2.840.10008.1.2.4.94')])).toBeUndefined();
    expect(await agreed(parseUid('1.2.840.10008.1.3.10'), [explicit])).toBeUndefined();
  });
});

describe('bombs', () => {
  it('a PDU of four gigabytes is refused at its header, and the stream behind it kept nowhere', async () => {
    const listener = await server();
    const peer = await peerOf(listener);
    peer.send(request());
    await peer.next();
    const before = process.memoryUsage();
    peer.send('0400 ffffffff');
    expect([await peer.word(), await peer.word()]).toEqual(['7 00000206', 'closed']);
    const piece = Buffer.alloc(1_000_000);
    peer.socket.setMaxListeners(0);
    for (let sent = 0; sent < 300 && !peer.socket.destroyed; sent++) {
      if (!peer.socket.write(piece)) {
        await Promise.race([once(peer.socket, 'drain'), once(peer.socket, 'close'), setTimeout(1_000)]).catch(() => {});
      }
    }
    // Cut off long before the end of it.
    expect(peer.socket.destroyed).toBe(true);
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(32_000_000);
    await echo(at(listener));
  });

  it.each([
    ['identifiers that stand twice', request([...echoContexts, ...echoContexts]), '7 00000206'],
    ['128 contexts of 128 syntaxes', many(128), '7 00000206'],
  ])('a request with %s is refused', async (_, bytes, answer) => {
    const peer = await peerOf(await server());
    peer.send(bytes);
    expect([await peer.word(), await peer.word()]).toEqual([answer, 'closed']);
  });

  it('128 contexts of 20 syntaxes each are answered', async () => {
    const peer = await peerOf(await server());
    peer.send(many(20));
    expect((await peer.word()).startsWith('2 ')).toBe(true);
  });

  it('a command set that grows beyond its limit ends the association', async () => {
    const peer = await peerOf(await server());
    peer.send(request());
    await peer.next();
    const command = encodeCommand({ field: COMMANDS.echoRequest, messageId: 1 }, false);
    // Elements that nobody knows, and never the last of them.
    const endless = Buffer.concat([command, Buffer.alloc(70_000)]);
    peer.send(pdata(endless, true));
    expect([await peer.word(), await peer.word()]).toEqual(['7 00000206', 'closed']);
  });

  it('requests by the thousand wait at the socket, and are all answered', async () => {
    const peer = await peerOf(await server());
    peer.send(request());
    await peer.next();
    const count = 5_000;
    const echoes = Array.from({ length: count }, (_, index) =>
      pdata(encodeCommand({ field: COMMANDS.echoRequest, messageId: (index % 65_535) + 1 }, false), true),
    );
    peer.send(...echoes);
    for (let index = 0; index < count; index++) expect(typeof (await peer.next())).toBe('object');
  });
});

describe('strangers in numbers', () => {
  it('two thousand silent sockets keep nobody from being served', async () => {
    const listener = await server({ artimMs: 5_000 });
    const silent: Socket[] = [];
    ends.push(() => silent.forEach((socket) => void socket.destroy()));
    for (let batch = 0; batch < 20; batch++) {
      const opened = Array.from({ length: 100 }, () => connect(listener.port, '127.0.0.1').on('error', () => {}));
      silent.push(...opened);
      await Promise.all(
        opened.map(async (socket) => await Promise.race([once(socket, 'connect'), once(socket, 'close')])),
      );
    }
    const durationsMs: number[] = [];
    for (let index = 0; index < 200; index++) {
      const startedMs = performance.now();
      await echo(at(listener));
      durationsMs.push(performance.now() - startedMs);
    }
    durationsMs.sort((one, two) => one - two);
    console.log(
      `C-ECHO among 2,000 silent sockets: median ${durationsMs[100]?.toFixed(1)} ms, p99 ${durationsMs[197]?.toFixed(1)} ms`,
    );
    expect(durationsMs).toHaveLength(200);
    // Those that wait are few, and the others were let go.
    const alive = silent.filter((socket) => !socket.destroyed && socket.readyState === 'open').length;
    expect(alive).toBeLessThanOrEqual(128);
    await expect.poll(() => silent.filter((socket) => !socket.destroyed).length, { timeout: 15_000 }).toBe(0);
  });

  it('associations that are aborted again and again leave nothing', async () => {
    const listener = await server();
    const bytes = Buffer.concat([request(), ABORT]);
    for (let done = 0; done < 2_000; done += 20) {
      await Promise.all(Array.from({ length: 20 }, async () => await sendAndClose(listener.port, bytes)));
    }
    await expect.poll(() => listener.associations).toBe(0);
    await echo(at(listener));
  });

  it('who stays connected after a rejection counts as a stranger, and goes when others come', async () => {
    const listener = await server({ maxPendingConnections: 4, artimMs: 30_000 });
    const rejected: RawPeer[] = [];
    for (let index = 0; index < 8; index++) {
      const peer = await peerOf(listener);
      peer.send(request(echoContexts, parseAeTitle('WRONG')));
      expect(await peer.word()).toBe('3 00010107');
      rejected.push(peer);
    }
    // Their own half stays open as long as they like; what they send is answered by nobody.
    const ended = (): number => {
      for (const { socket } of rejected) socket.write('x');
      return rejected.filter(({ socket }) => socket.destroyed).length;
    };
    await expect.poll(ended).toBe(4);
    await echo(at(listener));
  });
});

describe('trouble of the listener itself', () => {
  it('is logged each time, and others are served', async () => {
    const listening = vi.spyOn(Server.prototype, 'listen');
    ends.push(() => listening.mockRestore());
    const lines: unknown[] = [];
    const log: Log = { write: (...line) => void lines.push(line), forComponent: () => log };
    const listener = await server({ log });
    const [socketServer] = listening.mock.contexts as Server[];
    for (const code of ['EMFILE', 'ENFILE']) socketServer?.emit('error', Object.assign(new Error('accept'), { code }));
    expect(lines).toEqual(['EMFILE', 'ENFILE'].map((code) => ['warn', 'dimse.listener.failed', { code }]));
    await echo(at(listener));
  });
});

describe('TLS (BCP 195)', () => {
  const authority = createCertificateAuthority('Hospital');
  const stranger = createCertificateAuthority('Stranger');
  const ours: TlsIdentity = { ca: authority.cert, ...authority.issue({ name: 'archive', hosts: ['127.0.0.1'] }) };
  const modality: TlsIdentity = { ca: authority.cert, ...authority.issue({ name: 'modality' }) };

  async function tlsServer(options: Partial<OpenServerOptions> = {}): Promise<Listener> {
    return await server({ tls: ours, callers: [{ aeTitle: MODALITY }], ...options });
  }

  it('serves who shows a certificate of the authority, longer than ARTIM', async () => {
    const listener = await tlsServer({ artimMs: 300 });
    const association = await requestAssociation(at(listener, { tls: modality }), { contexts: echoContexts });
    await setTimeout(600);
    await echoOn(association);
    await association.release();
  });

  it.each([
    ['no certificate', { ca: authority.cert, cert: '', key: '' }],
    ['one of another authority', { ca: authority.cert, ...stranger.issue({ name: 'modality' }) }],
    [
      'one that has expired',
      { ca: authority.cert, ...authority.issue({ name: 'modality', notAfter: new Date(Date.now() - 60_000) }) },
    ],
    [
      'one that is not valid yet',
      { ca: authority.cert, ...authority.issue({ name: 'modality', notBefore: new Date(Date.now() + 3_600_000) }) },
    ],
  ])('refuses %s', async (_, { ca, cert, key }) => {
    const listener = await tlsServer();
    const tls = (cert === '' ? { ca } : { ca, cert, key }) as TlsIdentity;
    const code = errorCodeOf(await echo(at(listener, { tls })).catch((error: unknown) => error));
    expect(['PACS_UNREACHABLE', 'PACS_ABORTED']).toContain(code);
    await echo(at(listener, { tls: modality }));
  });

  it('binds a title to a certificate: another one of the same authority is an unknown caller', async () => {
    const fingerprints = [new X509Certificate(modality.cert).fingerprint256];
    const listener = await tlsServer({ callers: [{ aeTitle: MODALITY, fingerprints }] });
    await echo(at(listener, { tls: modality }));
    const other: TlsIdentity = { ca: authority.cert, ...authority.issue({ name: 'modality' }) };
    await expect(echo(at(listener, { tls: other }))).rejects.toMatchObject({ code: 'PACS_UNAUTHORIZED' });
    // Without TLS nobody can show one.
    const plain = await server({ callers: [{ aeTitle: MODALITY, fingerprints }] });
    await expect(echo(at(plain))).rejects.toMatchObject({ code: 'PACS_UNAUTHORIZED' });
  });

  it('does not speak to who speaks no TLS, and serves others meanwhile', async () => {
    const listener = await tlsServer();
    const peer = await peerOf(listener);
    peer.send(request());
    await echo(at(listener, { tls: modality }));
    const words = [await peer.next(), await peer.next()];
    expect(words).toContain('closed');
  });

  const AEAD = ['c02b', 'c02f'];
  it.each([
    ['TLS 1.0', '0301', AEAD],
    ['TLS 1.1', '0302', AEAD],
    ['no encryption (NULL)', '0303', ['0001', '0002', '003b', 'c006', 'c010']],
    ['RC4', '0303', ['0004', '0005', 'c007', 'c011']],
    ['3DES', '0303', ['000a', '0016', 'c008', 'c012']],
    ['CBC without authenticated encryption', '0303', ['c009', 'c013', 'c023', 'c027']],
    ['keys without forward secrecy', '0303', ['002f', '009c', '009d']],
    ['no authentication', '0303', ['0034', '006c', 'c018']],
  ])('refuses %s', async (_, version, suites) => {
    const listener = await tlsServer();
    const socket = connect(listener.port, '127.0.0.1');
    socket.on('error', () => {});
    ends.push(() => void socket.destroy());
    socket.write(clientHello(version, suites));
    const first = await Promise.race([
      once(socket, 'data').then(([bytes]) => bytes as Buffer),
      once(socket, 'close').then(() => undefined),
    ]);
    // An alert (21), or the end; never a handshake message (22).
    expect(first?.[0] ?? 21).toBe(21);
  });

  it('answers the same hello with a suite of its own', async () => {
    const listener = await tlsServer();
    const socket = connect(listener.port, '127.0.0.1');
    ends.push(() => void socket.destroy());
    socket.write(clientHello('0303', AEAD));
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    expect(bytes[0]).toBe(22);
  });
});

/** A ClientHello (RFC 5246 7.4.1.2) with P-256, uncompressed points and ECDSA and RSA with SHA-256. */
function clientHello(version: string, suites: readonly string[]): Buffer {
  const sized = (bytes: Buffer, size: 1 | 2 | 3): Buffer => {
    const length = Buffer.alloc(size);
    length.writeUIntBE(bytes.length, 0, size);
    return Buffer.concat([length, bytes]);
  };
  const extension = (type: string, body: string): Buffer =>
    Buffer.concat([Buffer.from(type, 'hex'), sized(Buffer.from(body, 'hex'), 2)]);
  const extensions = Buffer.concat([
    extension('000a', '00020017'),
    extension('000b', '0100'),
    extension('000d', '000604030401 0804'.replaceAll(' ', '')),
  ]);
  const hello = Buffer.concat([
    Buffer.from(version, 'hex'),
    Buffer.alloc(32, 0x5a),
    Buffer.from([0]),
    sized(Buffer.from(suites.join(''), 'hex'), 2),
    Buffer.from('0100', 'hex'),
    sized(extensions, 2),
  ]);
  const message = Buffer.concat([Buffer.from([1]), sized(hello, 3)]);
  return Buffer.concat([Buffer.from('160301', 'hex'), sized(message, 2)]);
}

function versioned(bytes: Buffer, version: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt16BE(version, 6);
  return copy;
}

function renamed(bytes: Buffer, from: string, to: string): Buffer {
  const copy = Buffer.from(bytes);
  copy.write(to, copy.indexOf(from), 'latin1');
  return copy;
}

function many(syntaxes: number): Buffer {
  const transferSyntaxes = Array.from({ length: syntaxes }, (_, index) =>
    parseUid(`1.2.840.10008.1.2.4.${index + 100}`),
  );
  return request(proposedContexts(Array.from({ length: 128 }, () => ({ abstractSyntax: CT, transferSyntaxes }))));
}
