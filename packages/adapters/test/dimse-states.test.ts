// The state machine of PS3.8 9.2: each event in each state, over a real connection with a peer that says what it likes.
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { errorCodeOf } from '@interhosp/core/errors';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { acceptAssociation, answerContexts } from '../src/dimse/association/accept-association.ts';
import { parseAeTitle } from '../src/dimse/association/ae-title.ts';
import {
  encodeAssociateAccept,
  encodeAssociateReject,
  encodeAssociateRequest,
} from '../src/dimse/association/associate.ts';
import type { Association } from '../src/dimse/association/association.ts';
import { COMMANDS, encodeCommand } from '../src/dimse/association/command-set.ts';
import { RELEASE_WITHIN_MS } from '../src/dimse/limits.ts';
import { PdvWriter } from '../src/dimse/association/pdv-writer.ts';
import { ourselves, requestAssociation } from '../src/dimse/association/request-association.ts';
import { PLAIN_SYNTAXES, SOP_CLASSES } from '../src/dimse/association/uids.ts';
import { rawListener, RawPeer } from './raw-peer.ts';

const calledAe = parseAeTitle('CALLED');
const callingAe = parseAeTitle('CALLING');
const contexts = [{ id: 1, abstractSyntax: SOP_CLASSES.verification, transferSyntaxes: PLAIN_SYNTAXES }];

const REQUEST = Buffer.from(encodeAssociateRequest({ calledAe, callingAe, contexts, user: ourselves([]) }));
const ACCEPT = Buffer.from(
  encodeAssociateAccept(
    { calledAe, callingAe },
    { contexts: answerContexts(contexts, () => PLAIN_SYNTAXES), user: ourselves([]) },
  ),
);
const REJECT = Buffer.from(encodeAssociateReject({ result: 1, source: 1, reason: 7 }));
const ECHO = pdata(encodeCommand({ field: COMMANDS.echoRequest, messageId: 1 }, false));
const RELEASE = Buffer.from('05000000000400000000', 'hex');
const RELEASED = Buffer.from('06000000000400000000', 'hex');
const ABORT = Buffer.from('07000000000400000000', 'hex');
const UNKNOWN = Buffer.from('09000000000400000000', 'hex');
const TOO_LONG = Buffer.from('0400ffffffff', 'hex');

/** What is sent in answer: A-ABORT by the provider with a reason of table 9-26, and the connection ends. */
const UNEXPECTED = ['7 00000202', 'closed'];
const UNRECOGNIZED = ['7 00000201', 'closed'];
const INVALID = ['7 00000206', 'closed'];

const ends: (() => void)[] = [];
afterEach(() => {
  vi.useRealTimers();
  for (const end of ends.splice(0)) end();
});

function pdata(command: Uint8Array): Buffer {
  const out: Uint8Array[] = [];
  const writer = new PdvWriter({ contextId: 1, isCommand: true, maxPduBytes: 1_000 });
  writer.push(command, out);
  writer.end(out);
  return Buffer.concat(out);
}

interface Acceptor {
  readonly peer: RawPeer;
  /** Undefined when there is none. */
  readonly association: Promise<Association | undefined>;
}

/** An acceptor that waits for a request (Sta2). */
async function acceptor(artimMs = 10_000): Promise<Acceptor> {
  const server: Server = createServer();
  const accepted = once(server, 'connection').then(async ([socket]) => {
    return await acceptAssociation(socket as Socket, {
      artimMs,
      decide: (request) => ({ contexts: answerContexts(request.contexts, () => PLAIN_SYNTAXES), roles: [] }),
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const peer = await RawPeer.connect((server.address() as AddressInfo).port);
  ends.push(
    () => peer.close(),
    () => void server.close(),
  );
  return { peer, association: accepted };
}

/** An acceptor with an association (Sta6). */
async function accepted(): Promise<{ readonly peer: RawPeer; readonly association: Association }> {
  const { association, peer } = await acceptor();
  peer.send(REQUEST);
  expect(await peer.word()).toMatch(/^2 /);
  const agreed = await association;
  if (agreed === undefined) throw new Error('no association');
  ends.push(() => agreed.abort());
  return { peer, association: agreed };
}

interface Requestor {
  readonly peer: RawPeer;
  readonly association: Promise<Association>;
}

/** A requestor whose request was sent (Sta5). */
async function requestor(): Promise<Requestor> {
  const listener = await rawListener();
  const association = requestAssociation({ host: '127.0.0.1', port: listener.port, calledAe, callingAe }, { contexts });
  association.catch(() => {});
  const peer = await listener.peer;
  ends.push(() => peer.close(), listener.close);
  expect(await peer.word()).toMatch(/^1 /);
  return { peer, association };
}

/** A requestor with an association (Sta6). */
async function requested(): Promise<{ readonly peer: RawPeer; readonly association: Association }> {
  const { association, peer } = await requestor();
  peer.send(ACCEPT);
  const agreed = await association;
  ends.push(() => agreed.abort());
  return { peer, association: agreed };
}

async function words(peer: RawPeer, count: number): Promise<readonly string[]> {
  const seen: string[] = [];
  for (let index = 0; index < count; index++) seen.push(await peer.word());
  return seen;
}

describe('an acceptor that waits for a request (Sta2)', () => {
  it.each([
    ['A-ASSOCIATE-AC', ACCEPT, UNEXPECTED],
    ['A-ASSOCIATE-RJ', REJECT, UNEXPECTED],
    ['P-DATA-TF', ECHO, UNEXPECTED],
    ['A-RELEASE-RQ', RELEASE, UNEXPECTED],
    ['A-RELEASE-RP', RELEASED, UNEXPECTED],
    ['an unknown PDU', UNKNOWN, UNRECOGNIZED],
    ['a request that is cut off', Buffer.from('0100000000080001000041414141', 'hex'), INVALID],
    ['A-ABORT', ABORT, ['closed']],
  ])('answers %s (AA-1, AA-2) and has no association', async (_, bytes, answer) => {
    const { association, peer } = await acceptor();
    peer.send(bytes);
    expect(await words(peer, answer.length)).toEqual(answer);
    expect(await association).toBeUndefined();
  });

  it('agrees to A-ASSOCIATE-RQ (AE-6, AE-7)', async () => {
    const { peer, association } = await accepted();
    peer.send(ECHO);
    expect((await association.receive())?.command.field).toBe(COMMANDS.echoRequest);
  });

  it('closes when ARTIM runs out, however busily the request drips in (AA-2)', async () => {
    const { association, peer } = await acceptor(300);
    const drip = setInterval(() => peer.send(REQUEST.subarray(0, 1)), 20);
    peer.send(REQUEST.subarray(0, 70));
    expect(await association).toBeUndefined();
    expect(await peer.word()).toBe('closed');
    clearInterval(drip);
  });

  it('has no association when the connection ends', async () => {
    const { association, peer } = await acceptor();
    peer.send(REQUEST.subarray(0, 100));
    peer.socket.end();
    expect(await association).toBeUndefined();
  });
});

describe('a requestor whose request was sent (Sta5)', () => {
  it.each([
    ['A-ASSOCIATE-RJ', REJECT, ['closed'], 'PACS_REFUSED'],
    ['A-ABORT', ABORT, ['closed'], 'PACS_ABORTED'],
    ['A-ASSOCIATE-RQ', REQUEST, UNEXPECTED, 'PACS_PROTOCOL'],
    ['P-DATA-TF', ECHO, UNEXPECTED, 'PACS_PROTOCOL'],
    ['A-RELEASE-RQ', RELEASE, UNEXPECTED, 'PACS_PROTOCOL'],
    ['A-RELEASE-RP', RELEASED, UNEXPECTED, 'PACS_PROTOCOL'],
    ['an unknown PDU', UNKNOWN, UNRECOGNIZED, 'PACS_PROTOCOL'],
    ['an acceptance that is cut off', Buffer.from('02000000000400010000', 'hex'), INVALID, 'PACS_PROTOCOL'],
  ])('answers %s (AE-4, AA-3, AA-8)', async (_, bytes, answer, code) => {
    const { association, peer } = await requestor();
    peer.send(bytes);
    expect(await words(peer, answer.length)).toEqual(answer);
    expect(errorCodeOf(await association.catch((error: unknown) => error))).toBe(code);
  });

  it('is aborted by its caller (AA-1), whose reason comes back', async () => {
    const listener = await rawListener();
    const caller = new AbortController();
    const association = requestAssociation(
      { host: '127.0.0.1', port: listener.port, calledAe, callingAe },
      { contexts, signal: caller.signal },
    );
    const peer = await listener.peer;
    ends.push(() => peer.close(), listener.close);
    await peer.word();
    caller.abort(new Error('enough'));
    await expect(association).rejects.toThrow('enough');
    expect(await peer.word()).toBe('closed');
  });

  it.each([
    [{ result: 1, source: 1, reason: 1 }, 'PACS_REFUSED'],
    [{ result: 1, source: 1, reason: 2 }, 'PACS_REFUSED'],
    [{ result: 1, source: 1, reason: 3 }, 'PACS_UNAUTHORIZED'],
    [{ result: 1, source: 2, reason: 2 }, 'PACS_REFUSED'],
    [{ result: 2, source: 3, reason: 1 }, 'PACS_BUSY'],
    [{ result: 2, source: 3, reason: 2 }, 'PACS_BUSY'],
    [{ result: 2, source: 1, reason: 1 }, 'PACS_BUSY'],
  ])('tells a rejection %o by its code', async (reject, code) => {
    const { association, peer } = await requestor();
    peer.send(encodeAssociateReject(reject));
    expect(errorCodeOf(await association.catch((error: unknown) => error))).toBe(code);
  });
});

describe.each([
  ['an acceptor', accepted],
  ['a requestor', requested],
] as const)('%s with an association (Sta6)', (_, associated) => {
  it.each([
    ['A-ASSOCIATE-RQ, once more', REQUEST, UNEXPECTED, 'PACS_PROTOCOL'],
    ['A-ASSOCIATE-AC', ACCEPT, UNEXPECTED, 'PACS_PROTOCOL'],
    ['A-ASSOCIATE-RJ', REJECT, UNEXPECTED, 'PACS_PROTOCOL'],
    ['A-RELEASE-RP', RELEASED, UNEXPECTED, 'PACS_PROTOCOL'],
    ['an unknown PDU', UNKNOWN, UNRECOGNIZED, 'PACS_PROTOCOL'],
    ['a PDU that is too long', TOO_LONG, INVALID, 'PACS_PROTOCOL'],
    ['A-ABORT', ABORT, ['closed'], 'PACS_ABORTED'],
    ['a command set that is none', pdata(Buffer.from('00000001', 'hex')), ['7 00000200', 'closed'], 'PACS_PROTOCOL'],
    [
      'a data set that nobody announced',
      Buffer.from('04000000000800000004010255aa', 'hex'),
      UNEXPECTED,
      'PACS_PROTOCOL',
    ],
  ])('answers %s (AA-3, AA-8)', async (_event, bytes, answer, code) => {
    const { association, peer } = await associated();
    const received = association.receive().catch((error: unknown) => error);
    peer.send(bytes);
    expect(await words(peer, answer.length)).toEqual(answer);
    expect(errorCodeOf(await received)).toBe(code);
    expect(association.isOpen).toBe(false);
  });

  it('refuses a command on a context that was not agreed on', async () => {
    const { association, peer } = await associated();
    const received = association.receive().catch((error: unknown) => error);
    const other = Buffer.from(ECHO);
    other[10] = 3;
    peer.send(other);
    expect(await words(peer, 2)).toEqual(UNEXPECTED);
    expect(errorCodeOf(await received)).toBe('PACS_PROTOCOL');
  });

  it('tells how the connection ended: between PDUs, or within one', async () => {
    for (const [bytes, reason] of [
      [Buffer.alloc(0), 'closed'],
      [ECHO.subarray(0, 20), 'cut'],
    ] as const) {
      const { association, peer } = await associated();
      const received = association.receive();
      received.catch(() => {});
      peer.send(bytes);
      peer.socket.end();
      await expect(received).rejects.toMatchObject({ code: 'PACS_ABORTED', details: { reason } });
    }
  });

  it.each([
    ['A-ABORT', ABORT],
    ['what breaks the protocol', UNKNOWN],
  ])('performs nothing that stands behind %s in the same piece', async (_event, end) => {
    const { association, peer } = await associated();
    peer.send(end, ECHO, ECHO);
    await expect.poll(() => association.isClosed).toBe(true);
    await expect(association.receive()).rejects.toMatchObject({ name: 'PacsError' });
  });

  it('agrees to a release (AR-2, AR-4), after the answers that it owes (AR-7)', async () => {
    const { association, peer } = await associated();
    peer.send(ECHO, RELEASE);
    expect((await association.receive())?.command.messageId).toBe(1);
    await association.send({
      contextId: 1,
      command: { field: COMMANDS.echoResponse, respondedTo: 1, status: 0 },
    });
    expect(await association.receive()).toBeUndefined();
    await association.release();
    expect((await words(peer, 3)).map((word) => word.slice(0, 3))).toEqual(['4 0', '6 0', 'clo']);
  });

  it.each([
    ['P-DATA-TF', ECHO],
    ['A-RELEASE-RQ, once more', RELEASE],
    ['A-RELEASE-RP', RELEASED],
  ])('takes nothing but an abort behind a request for release: %s (Sta8)', async (_event, bytes) => {
    const { association, peer } = await associated();
    peer.send(RELEASE);
    expect(await association.receive()).toBeUndefined();
    peer.send(bytes);
    expect(await words(peer, 2)).toEqual(UNEXPECTED);
    await association.release();
  });

  it('refuses a release in the middle of a message', async () => {
    const { association, peer } = await associated();
    const received = association.receive().catch((error: unknown) => error);
    const begun = Buffer.from(ECHO);
    begun[11] = 1;
    peer.send(begun, RELEASE);
    expect(await words(peer, 2)).toEqual(UNEXPECTED);
    expect(errorCodeOf(await received)).toBe('PACS_PROTOCOL');
  });

  it('releases in order (AR-1, AR-3), throwing away what still comes (AR-6)', async () => {
    const { association, peer } = await associated();
    const released = association.release();
    expect(await peer.word()).toBe('5 00000000');
    peer.send(ECHO, RELEASED);
    await released;
    expect(await peer.word()).toBe('closed');
    await association.release();
  });

  it.each([
    ['A-ASSOCIATE-RQ', REQUEST],
    ['A-ASSOCIATE-AC', ACCEPT],
  ])('aborts on %s while it waits for a release (Sta7, AA-8)', async (_event, bytes) => {
    const { association, peer } = await associated();
    const released = association.release();
    await peer.word();
    peer.send(bytes);
    expect(await words(peer, 2)).toEqual(UNEXPECTED);
    await released;
  });

  it('takes the end of the connection for a release', async () => {
    const { association, peer } = await associated();
    const released = association.release();
    await peer.word();
    peer.socket.end();
    await released;
  });

  it('aborts when a peer does not agree to its release in time (Sta7, AA-1)', async () => {
    const { association, peer } = await associated();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const released = association.release();
    vi.advanceTimersByTime(RELEASE_WITHIN_MS);
    vi.useRealTimers();
    expect(await words(peer, 3)).toEqual(['5 00000000', '7 00000000', 'closed']);
    await released;
  });

  it('aborts when its caller does not wait for a release any more', async () => {
    const { association, peer } = await associated();
    const caller = new AbortController();
    const released = association.release(caller.signal);
    expect(await peer.word()).toBe('5 00000000');
    caller.abort(new Error('enough'));
    expect(await words(peer, 2)).toEqual(['7 00000000', 'closed']);
    await released;
  });

  it('aborts when it is told to (AA-1), and says so once', async () => {
    const { association, peer } = await associated();
    association.abort();
    association.abort();
    expect(await words(peer, 2)).toEqual(['7 00000000', 'closed']);
    await expect(association.send({ contextId: 1, command: { field: COMMANDS.echoRequest } })).rejects.toMatchObject({
      code: 'PACS_ABORTED',
    });
  });
});

describe('both ask for release at once (PS3.8 7.2.2.1)', () => {
  it('the requestor agrees first (Sta9, Sta11)', async () => {
    const { association, peer } = await requested();
    const released = association.release();
    expect(await peer.word()).toBe('5 00000000');
    peer.send(RELEASE);
    expect(await peer.word()).toBe('6 00000000');
    peer.send(RELEASED);
    await released;
    expect(await peer.word()).toBe('closed');
  });

  it('the acceptor agrees when it was agreed to (Sta10, Sta12)', async () => {
    const { association, peer } = await accepted();
    const released = association.release();
    expect(await peer.word()).toBe('5 00000000');
    peer.send(RELEASE);
    expect(await peer.word(200)).toBe('nothing');
    peer.send(RELEASED);
    expect(await words(peer, 2)).toEqual(['6 00000000', 'closed']);
    await released;
  });

  it.each([
    ['a requestor', requested, ['6 00000000', ...UNEXPECTED]],
    ['an acceptor', accepted, UNEXPECTED],
  ] as const)('%s takes no data behind it (AA-8)', async (_, associated, answer) => {
    const { association, peer } = await associated();
    const released = association.release();
    await peer.word();
    peer.send(RELEASE, ECHO);
    expect(await words(peer, answer.length)).toEqual(answer);
    await released;
  });
});
