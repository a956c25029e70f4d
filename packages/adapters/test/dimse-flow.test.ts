// How messages flow on an association: held within bounds, cut in any way, ended by failures and by silence.
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { acceptAssociation, answerContexts } from '../src/dimse/association/accept-association.ts';
import { parseAeTitle } from '../src/dimse/association/ae-title.ts';
import { encodeAssociateRequest } from '../src/dimse/association/associate.ts';
import type { Association } from '../src/dimse/association/association.ts';
import { COMMANDS, encodeCommand } from '../src/dimse/association/command-set.ts';
import { HELD_PIECE_BYTES, INBOX_HIGH_WATER_BYTES } from '../src/dimse/limits.ts';
import { ourselves, proposedContexts } from '../src/dimse/association/request-association.ts';
import { PLAIN_SYNTAXES, SOP_CLASSES } from '../src/dimse/association/uids.ts';
import { RawPeer } from './raw-peer.ts';

const contexts = proposedContexts(
  Array.from({ length: 2 }, () => ({ abstractSyntax: SOP_CLASSES.verification, transferSyntaxes: PLAIN_SYNTAXES })),
);
const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

async function associated(
  inactivityMs = 60_000,
): Promise<{ readonly peer: RawPeer; readonly association: Association; readonly socket: Socket }> {
  const server = createServer();
  const accepted = once(server, 'connection').then(async ([socket]) => {
    const association = await acceptAssociation(socket as Socket, {
      inactivityMs,
      decide: (request) => ({ contexts: answerContexts(request.contexts, () => PLAIN_SYNTAXES), roles: [] }),
    });
    return { association, socket: socket as Socket };
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const peer = await RawPeer.connect((server.address() as AddressInfo).port);
  const titles = { calledAe: parseAeTitle('CALLED'), callingAe: parseAeTitle('CALLING') };
  peer.send(encodeAssociateRequest({ ...titles, contexts, user: ourselves([]) }));
  await peer.next();
  const { association, socket } = await accepted;
  if (association === undefined) throw new Error('no association');
  ends.push(
    () => association.abort(),
    () => peer.close(),
    () => void server.close(),
  );
  return { peer, association, socket };
}

/** A P-DATA-TF of some values, each as context, control header and bytes. */
function pdata(...values: readonly (readonly [contextId: number, control: number, bytes: Uint8Array])[]): Buffer {
  const items = values.map(([contextId, control, bytes]) => {
    const header = Buffer.from([0, 0, 0, 0, contextId, control]);
    header.writeUInt32BE(bytes.length + 2);
    return Buffer.concat([header, bytes]);
  });
  const body = Buffer.concat(items);
  const header = Buffer.from([4, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(body.length, 2);
  return Buffer.concat([header, body]);
}

function store(messageId: number, hasDataSet = true): Buffer {
  return Buffer.from(encodeCommand({ field: COMMANDS.storeRequest, messageId }, hasDataSet));
}

const NONE = new Uint8Array(0);

describe('messages that come in', () => {
  it('are the same however they are cut: odd values, empty ones, one byte each, many in a PDU', async () => {
    const { association, peer } = await associated();
    const command = store(1);
    const data = Buffer.from('a data set of odd length');
    const bytewise = [...command].map((byte, at) => pdata([1, at === command.length - 1 ? 3 : 1, Buffer.of(byte)]));
    peer.send(
      ...bytewise,
      pdata([1, 0, NONE]),
      ...[...data].map((byte) => pdata([1, 0, Buffer.of(byte)])),
      pdata([1, 2, NONE]),
    );
    peer.send(pdata([3, 3, store(2)], [3, 0, data.subarray(0, 5)], [3, 0, NONE], [3, 2, data.subarray(5)]));
    peer.send(pdata([1, 1, command.subarray(0, 7)], [1, 3, command.subarray(7)], [1, 2, NONE]));
    for (const [contextId, messageId, expected] of [
      [1, 1, data],
      [3, 2, data],
      [1, 1, NONE],
    ] as const) {
      const message = await association.receive();
      expect(message?.context.id).toBe(contextId);
      expect(message?.command.messageId).toBe(messageId);
      expect(Buffer.from((await message?.dataSet?.whole(1_000)) ?? []).equals(expected)).toBe(true);
    }
  });

  it.each([
    ['a data set on another context than its command', [pdata([1, 3, store(1)], [3, 2, NONE])]],
    ['a command within a data set', [pdata([1, 3, store(1)], [1, 0, NONE], [1, 3, store(2)])]],
    [
      'a command that goes on on another context',
      [pdata([1, 1, store(1).subarray(0, 8)], [3, 3, store(1).subarray(8)])],
    ],
  ])('end the association: %s', async (_, pdus) => {
    const { association, peer } = await associated();
    peer.send(...pdus);
    expect([await peer.word(), await peer.word()]).toEqual(['7 00000202', 'closed']);
    expect(association.isClosed).toBe(true);
  });

  it('wait at the socket while nobody reads, and come whole when somebody does', async () => {
    const { association, peer, socket } = await associated();
    const piece = Buffer.alloc(16_000, 7);
    const count = 2_000;
    peer.send(pdata([1, 3, store(1)]));
    for (let index = 0; index < count; index++) peer.send(pdata([1, index === count - 1 ? 2 : 0, piece]));
    const message = await association.receive();
    // Until nothing more comes: the kernel holds the rest.
    let before = -1;
    while (socket.bytesRead !== before) {
      before = socket.bytesRead;
      await setTimeout(100);
    }
    expect(socket.isPaused()).toBe(true);
    expect(socket.bytesRead).toBeLessThan(INBOX_HIGH_WATER_BYTES + 131_072);
    let bytes = 0;
    for await (const each of message?.dataSet ?? []) bytes += each.length;
    expect(bytes).toBe(count * piece.length);
  });

  it('wait at the socket by what they cost, however short the pieces are', async () => {
    const { association, peer, socket } = await associated();
    const count = 200_000;
    const value = pdata([1, 0, Buffer.of(7)]);
    peer.send(pdata([1, 3, store(1)]), Buffer.alloc(value.length * count, value), pdata([1, 2, NONE]));
    const message = await association.receive();
    let before = -1;
    while (socket.bytesRead !== before) {
      before = socket.bytesRead;
      await setTimeout(100);
    }
    expect(socket.isPaused()).toBe(true);
    const mostPieces = INBOX_HIGH_WATER_BYTES / HELD_PIECE_BYTES;
    expect(socket.bytesRead).toBeLessThan(mostPieces * value.length + 131_072);
    expect(await message?.dataSet?.whole(count)).toEqual(Buffer.alloc(count, 7));
  });

  it('go on at half of what made them wait', async () => {
    const { association, peer, socket } = await associated();
    const count = 2_100;
    peer.send(...Array.from({ length: count }, (_, index) => pdata([1, 3, store(index, false)])));
    await expect.poll(() => socket.isPaused()).toBe(true);
    for (let index = 0; index < 500; index++) await association.receive();
    expect(socket.isPaused()).toBe(true);
    for (let index = 500; index < count; index++) await association.receive();
    expect(socket.isPaused()).toBe(false);
  });

  it('end with what ended the association in the middle of them', async () => {
    const { association, peer } = await associated();
    peer.send(pdata([1, 3, store(1)], [1, 0, Buffer.alloc(10)]));
    const message = await association.receive();
    const read = message?.dataSet?.whole(1_000);
    peer.send('07000000000400000000');
    await expect(read).rejects.toMatchObject({ code: 'PACS_ABORTED', details: { reason: 'aborted-by-user' } });
  });

  it('are cancelled by their IDs, until another request has the same', async () => {
    const { association, peer } = await associated();
    const find = (messageId: number): Buffer =>
      pdata([1, 3, encodeCommand({ field: COMMANDS.findRequest, messageId }, false)]);
    const cancel = (respondedTo: number): Buffer =>
      pdata([1, 3, encodeCommand({ field: COMMANDS.cancelRequest, respondedTo }, false)]);
    peer.send(find(1), cancel(1), find(2));
    expect([await association.receive(), await association.receive()]).toMatchObject([
      { command: { messageId: 1 } },
      { command: { messageId: 2 } },
    ]);
    expect([association.isCancelled(1), association.isCancelled(2)]).toEqual([true, false]);
    peer.send(find(1));
    await association.receive();
    expect(association.isCancelled(1)).toBe(false);
    // However many there were before.
    for (let id = 100; id < 300; id++) peer.send(find(id), cancel(id));
    peer.send(find(300));
    for (let id = 100; id <= 300; id++) await association.receive();
    expect([100, 299, 300].map((id) => association.isCancelled(id))).toEqual([false, true, false]);
  });

  it('are passed over when nobody wants the rest of them', async () => {
    const { association, peer } = await associated();
    peer.send(pdata([1, 3, store(1)], [1, 0, Buffer.alloc(5_000)]), pdata([1, 2, Buffer.alloc(5_000)]));
    peer.send(pdata([1, 3, store(2, false)]));
    expect((await association.receive())?.command.messageId).toBe(1);
    expect((await association.receive())?.command.messageId).toBe(2);
  });
});

describe('messages that go out', () => {
  const command = { field: COMMANDS.storeRequest, messageId: 1 };
  const answer = { field: COMMANDS.storeResponse, respondedTo: 1, status: 0xa700 };

  it('that answer wait for the end of what they answer, read or not', async () => {
    const { association, peer } = await associated();
    peer.send(pdata([1, 3, store(1)], [1, 0, Buffer.alloc(10)]));
    const message = await association.receive();
    expect(await message?.dataSet?.batch()).toHaveLength(1);
    const answered = association.send({ contextId: 1, command: answer });
    expect(await peer.word(100)).toBe('nothing');
    peer.send(pdata([1, 0, Buffer.alloc(10)]), pdata([1, 2, NONE]));
    await answered;
    expect(await peer.word()).toMatch(/^4 /);
  });

  it('that answer end with what ended the association meanwhile', async () => {
    const { association, peer } = await associated();
    peer.send(pdata([1, 3, store(1)], [1, 0, Buffer.alloc(10)]));
    await association.receive();
    const answered = association.send({ contextId: 1, command: answer });
    peer.send('07000000000400000000');
    await expect(answered).rejects.toMatchObject({ code: 'PACS_ABORTED', details: { reason: 'aborted-by-user' } });
  });

  it('that fail in the middle abort the association: half a message cannot be taken back', async () => {
    const { association, peer } = await associated();
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield Buffer.alloc(200_000);
      await setTimeout(1);
      throw new Error('the disk is away');
    }
    await expect(association.send({ contextId: 1, command, dataSet: failing() })).rejects.toThrow('the disk is away');
    let last = await peer.word();
    for (let next = await peer.word(); next !== 'closed'; next = await peer.word()) last = next;
    expect(last).toBe('7 00000000');
  });

  it('end with the reason of whoever calls them off', async () => {
    const { association } = await associated();
    const caller = new AbortController();
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        yield Buffer.alloc(10_000);
        await setTimeout(1);
      }
    }
    const sent = association.send({ contextId: 1, command, dataSet: endless() }, caller.signal);
    await setTimeout(50);
    caller.abort(new Error('enough'));
    await expect(sent).rejects.toThrow('enough');
    expect(association.isClosed).toBe(true);
  });

  it('wait for a peer that does not read, and not for ever', async () => {
    const { association, peer } = await associated(300);
    peer.socket.pause();
    let offered = 0;
    async function* flood(): AsyncGenerator<Uint8Array> {
      for (; offered < 200; offered++) yield Buffer.alloc(1_000_000);
    }
    await expect(association.send({ contextId: 1, command, dataSet: flood() })).rejects.toMatchObject({
      code: 'PACS_UNREACHABLE',
      details: { reason: 'silent' },
    });
    // What the kernel holds, and no more.
    expect(offered).toBeLessThan(50);
  });
});

describe('silence', () => {
  it('of a peer that owes something ends the association', async () => {
    const { association } = await associated(100);
    await expect(association.receive()).rejects.toMatchObject({
      code: 'PACS_UNREACHABLE',
      details: { reason: 'silent' },
    });
  });

  it('of a peer in the middle of a data set ends it', async () => {
    const { association, peer } = await associated(150);
    peer.send(pdata([1, 3, store(1)], [1, 0, Buffer.alloc(10)]));
    const message = await association.receive();
    await expect(message?.dataSet?.whole(1_000)).rejects.toMatchObject({ code: 'PACS_UNREACHABLE' });
  });

  it('is nothing to somebody who waits for nothing, and counts anew for the next', async () => {
    const { association, peer } = await associated(100);
    peer.send(pdata([1, 3, store(1, false)]));
    expect((await association.receive())?.command.messageId).toBe(1);
    await setTimeout(300);
    expect(association.isOpen).toBe(true);
    const received = association.receive();
    peer.send(pdata([1, 3, store(2, false)]));
    expect((await received)?.command.messageId).toBe(2);
    await expect(association.receive()).rejects.toMatchObject({
      code: 'PACS_UNREACHABLE',
      details: { reason: 'silent', durationMs: 100 },
    });
  });

  it('is as long as the one who waits says, and is broken by each byte', async () => {
    const { association, peer } = await associated(100);
    const received = association.receive({ patienceMs: 5_000 });
    await setTimeout(300);
    for (const byte of pdata([1, 3, store(1, false)])) {
      peer.send(Buffer.of(byte));
      await setTimeout(2);
    }
    expect((await received)?.command.messageId).toBe(1);
  });
});
