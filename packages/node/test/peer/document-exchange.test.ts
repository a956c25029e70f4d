import { createHash, randomBytes } from 'node:crypto';

import { silentLog } from '@interhosp/core/world';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import {
  createDocumentExchange,
  type DocumentExchange,
  type DocumentStore,
  type DocumentVersion,
  type PeerHost,
  ROSTER_PROTOCOL,
} from '../../src/peer/index.ts';
import { worthFetching } from '../../src/peer/document-round.ts';
import { nodeClock, nodeRandom } from '../../src/world/index.ts';
import { TestRoster, until } from './hosts.ts';
import { ManualClock } from './manual-clock.ts';
import { rawPeer } from './raw-peer.ts';

const FEDERATION = 'ab'.repeat(32);

/** Documents in memory; believes what `believes` says, and counts what it is asked. */
class MemoryDocuments implements DocumentStore {
  readonly held = new Map<string, { readonly version: number; readonly bytes: Uint8Array }>();
  readonly offers: string[] = [];
  gets = 0;
  believes: (name: string, bytes: Uint8Array) => boolean = () => true;

  put(name: string, version: number, bytes: Uint8Array = new TextEncoder().encode(`${name} ${version}`)): this {
    this.held.set(name, { version, bytes });
    return this;
  }

  async list(): Promise<readonly DocumentVersion[]> {
    return [...this.held].map(([name, { bytes, version }]) => {
      const [kind = '', id = ''] = name.split('/');
      return { kind, id, version, hash: createHash('sha256').update(bytes).digest('hex') };
    });
  }

  async get(kind: string, id: string): Promise<Uint8Array | undefined> {
    this.gets += 1;
    return this.held.get(`${kind}/${id}`)?.bytes;
  }

  async offer(kind: string, id: string, version: number, bytes: Uint8Array): Promise<'taken' | 'known' | 'refused'> {
    const name = `${kind}/${id}`;
    this.offers.push(`${name} ${version}`);
    if (!this.believes(name, bytes)) return 'refused';
    if ((this.held.get(name)?.version ?? -1) >= version) return 'known';
    this.put(name, version, bytes);
    return 'taken';
  }

  version(name: string): number | undefined {
    return this.held.get(name)?.version;
  }
}

interface Node {
  readonly host: PeerHost;
  readonly documents: MemoryDocuments;
  readonly exchange: DocumentExchange;
}

let roster: TestRoster;
let nodes: Node[];
beforeEach(() => {
  roster = new TestRoster();
  nodes = [];
});
afterEach(async () => {
  for (const { exchange } of nodes) await exchange.stop();
  await roster.stop();
});

async function node(
  options: {
    readonly federationId?: string;
    readonly strangersAllowed?: boolean;
    readonly isMember?: boolean;
    readonly start?: boolean;
    readonly clock?: ManualClock;
  } = {},
): Promise<Node> {
  const {
    clock = nodeClock(),
    federationId = FEDERATION,
    isMember = true,
    start = true,
    strangersAllowed = false,
  } = options;
  const host = await roster.host({ isMember });
  const documents = new MemoryDocuments();
  const exchange = createDocumentExchange({
    host,
    documents,
    federationId,
    strangersAllowed,
    members: () => nodes.map((each) => ({ peerId: each.host.peerId, addrs: each.host.addresses() })),
    clock,
    random: nodeRandom(),
    log: silentLog,
  });
  if (start) exchange.start();
  const made = { host, documents, exchange };
  nodes.push(made);
  return made;
}

function round(from: Node, to: Node) {
  return from.exchange.round(to.host.peerId, to.host.addresses());
}

describe('what is worth fetching', () => {
  const document = (id: string, version: number, hash = 'aa'.repeat(32)) => ({ kind: 'org', id, version, hash });

  it('is what is newer, unknown, or another document under the same version, in their order', () => {
    const ours = [document('same', 3), document('older', 2), document('newer', 5), document('twin', 4)];
    const theirs = [
      document('unknown', 1),
      document('twin', 4, 'bb'.repeat(32)),
      document('newer', 4),
      document('older', 3),
      document('same', 3),
    ];
    expect(worthFetching(ours, theirs).map(({ id }) => id)).toEqual(['unknown', 'twin', 'older']);
  });
});

describe('a round between two members', () => {
  it('brings the newer version to either side', async () => {
    const [a, b] = [await node(), await node()];
    a.documents.put('roster/main', 7).put('org/a', 2);
    b.documents.put('roster/main', 6).put('org/a', 3).put('org/b', 1);
    expect(await round(a, b)).toEqual({ taken: 2, refused: 0 });
    for (const { documents } of [a, b]) {
      expect(['roster/main', 'org/a', 'org/b'].map((name) => documents.version(name))).toEqual([7, 3, 1]);
    }
  });

  it('moves nothing when both hold the same', async () => {
    const [a, b] = [await node(), await node()];
    for (const { documents } of [a, b]) documents.put('roster/main', 7).put('org/a', 2);
    expect(await round(a, b)).toEqual({ taken: 0, refused: 0 });
    for (const { documents } of [a, b]) expect([documents.gets, documents.offers]).toEqual([0, []]);
  });

  it('carries bytes exactly, from none to the limit of 8 MiB, and not one more', async () => {
    const [a, b] = [await node(), await node()];
    const limit = 8 * 1024 * 1024;
    const contents = [new Uint8Array(0), randomBytes(1024 * 1024), randomBytes(1024 * 1024 + 1), randomBytes(limit)];
    for (const [index, bytes] of contents.entries()) b.documents.put(`org/x${index}`, 1, bytes);
    b.documents.put('org/long', 1, randomBytes(limit + 1));
    expect(await round(a, b)).toEqual({ taken: contents.length, refused: 0 });
    for (const [index, bytes] of contents.entries()) {
      expect(Buffer.compare(a.documents.held.get(`org/x${index}`)?.bytes ?? randomBytes(1), bytes)).toBe(0);
    }
    expect(a.documents.version('org/long')).toBeUndefined();
  });

  it('fetches in the order of the list, so that a root comes before what it vouches for', async () => {
    const [a, b] = [await node(), await node()];
    b.documents.put('root/1', 1).put('root/2', 2).put('roster/main', 9);
    a.documents.believes = (name) => name !== 'roster/main' || a.documents.version('root/2') === 2;
    await round(a, b);
    expect(a.documents.offers).toEqual(['root/1 1', 'root/2 2', 'roster/main 9']);
    expect(a.documents.version('roster/main')).toBe(9);
  });
});

describe('a document that is refused', () => {
  it('is offered once, however many rounds follow', async () => {
    const [a, b] = [await node(), await node()];
    a.documents.believes = () => false;
    b.documents.put('roster/main', 99);
    expect(await round(a, b)).toEqual({ taken: 0, refused: 1 });
    for (let again = 0; again < 3; again += 1) expect(await round(a, b)).toEqual({ taken: 0, refused: 0 });
    await round(b, a);
    expect(a.documents.offers).toEqual(['roster/main 99']);
  });

  it('is offered again once another document was taken', async () => {
    const [a, b] = [await node(), await node()];
    a.documents.believes = (name) => name !== 'roster/main';
    b.documents.put('roster/main', 99);
    await round(a, b);
    b.documents.put('root/2', 2);
    await round(a, b);
    await round(a, b);
    expect(a.documents.version('root/2')).toBe(2);
    expect(a.documents.offers.filter((offer) => offer === 'roster/main 99')).toHaveLength(2);
  });

  it('is offered again after an hour', async () => {
    const clock = new ManualClock();
    const [a, b] = [await node({ clock }), await node()];
    a.documents.believes = () => false;
    b.documents.put('roster/main', 99);
    await round(a, b);
    await clock.advance(3_600_000 - 1);
    await round(a, b);
    expect(a.documents.offers).toHaveLength(1);
    await clock.advance(1);
    await round(a, b);
    expect(a.documents.offers).toHaveLength(2);
  });

  it('in great number ends the asking for this round', async () => {
    const [a, b] = [await node(), await node()];
    a.documents.believes = () => false;
    for (let index = 0; index < 40; index += 1) b.documents.put(`org/x${index}`, 1);
    expect((await round(a, b)).refused).toBe(16);
    expect(a.documents.offers).toHaveLength(16);
  });

  it('as the twin of one that is held reaches the store once, as the proof of a lie', async () => {
    const [a, b] = [await node(), await node()];
    a.documents.put('roster/main', 7, Uint8Array.of(1));
    b.documents.put('roster/main', 7, Uint8Array.of(2));
    for (let again = 0; again < 3; again += 1) await round(a, b);
    expect([a.documents.offers, b.documents.offers]).toEqual([['roster/main 7'], ['roster/main 7']]);
  });
});

describe('the exchange', () => {
  it('runs a round on each new connection, whoever dialled', async () => {
    const [a, b] = [await node(), await node()];
    a.documents.put('org/a', 1);
    b.documents.put('org/b', 1);
    await a.host.connect(b.host.peerId, b.host.addresses());
    await until(() => a.documents.version('org/b') === 1 && b.documents.version('org/a') === 1);
  });

  it('carries a change from member to member to those who are not connected with its author', async () => {
    const [a, b, c] = [await node(), await node(), await node()];
    await a.host.connect(b.host.peerId, b.host.addresses());
    await b.host.connect(c.host.peerId, c.host.addresses());
    a.documents.put('roster/main', 8);
    a.exchange.changed();
    await until(() => c.documents.version('roster/main') === 8);
    expect(a.host.connections().map(({ remotePeerId }) => remotePeerId)).toEqual([b.host.peerId]);
  });

  it('runs rounds with three members by chance each minute, connected or not', async () => {
    const clock = new ManualClock();
    const others = [await node(), await node(), await node(), await node(), await node()];
    const a = await node({ clock });
    a.documents.put('roster/main', 1);
    expect(a.host.connections()).toHaveLength(0);
    await clock.advance(60_000);
    await until(() => others.filter(({ documents }) => documents.version('roster/main') === 1).length >= 3);
    expect(new Set(a.host.connections().map(({ remotePeerId }) => remotePeerId)).size).toBe(3);
  });

  it('does not talk to another federation', async () => {
    const [a, b] = [await node(), await node({ federationId: 'cd'.repeat(32) })];
    b.documents.put('roster/main', 1);
    await expect(round(a, b)).rejects.toMatchObject({ code: 'PEER_CLOSED' });
    expect([a.documents.offers, b.documents.gets]).toEqual([[], 0]);
  });

  it('answers no round once it is stopped, and again after it is started', async () => {
    const [a, b] = [await node(), await node({ start: false })];
    b.documents.put('roster/main', 1);
    await expect(round(a, b)).rejects.toMatchObject({ code: 'PEER_CLOSED' });
    b.exchange.start();
    await round(a, b);
    expect(a.documents.version('roster/main')).toBe(1);
    await Promise.all([b.exchange.stop(), b.exchange.stop()]);
    await expect(round(a, b)).rejects.toMatchObject({ code: 'PEER_CLOSED' });
  });

  it('tells everybody again when something changed while it was telling', async () => {
    const [a, b] = [await node(), await node()];
    await a.host.connect(b.host.peerId, b.host.addresses());
    for (let version = 1; version <= 20; version += 1) {
      a.documents.put('roster/main', version);
      a.exchange.changed();
      if (version % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 3));
    }
    await until(() => b.documents.version('roster/main') === 20);
  });
});

describe('a stranger', () => {
  it('may fetch where that is allowed, and is never asked for anything', async () => {
    const member = await node({ strangersAllowed: true });
    const joining = await node({ isMember: false });
    member.documents.put('roster/main', 5);
    joining.documents.put('org/joining', 1);
    expect((await round(joining, member)).taken).toBe(1);
    expect(member.documents.offers).toEqual([]);
  });

  it('gets nothing where that is not allowed', async () => {
    const member = await node();
    const joining = await node({ isMember: false });
    member.documents.put('roster/main', 5);
    const failure = await round(joining, member).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: expect.stringMatching(/^PEER_/) });
    expect(member.documents.gets).toBe(0);
  });
});

describe('a member that breaks the protocol', () => {
  const frame = (value: unknown): Uint8Array => {
    const bytes = Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.byteLength);
    return Buffer.concat([length, bytes]);
  };
  const document = { kind: 'roster', id: 'main', version: 9, hash: 'ee'.repeat(32) };
  const hello = { type: 'hello', federationId: FEDERATION, documents: [document] };

  it.each<readonly [string, readonly unknown[]]>([
    ['with rubbish first', ['rubbish']],
    ['with a want before its hello', [{ type: 'want', kind: 'roster', id: 'main', hash: document.hash }]],
    ['with a second hello', [hello, hello]],
    ['with other bytes than it announced', [hello, { type: 'done' }, { type: 'document', bytes: 3 }, 'abc']],
    ['with more bytes than it announced', [hello, { type: 'done' }, { type: 'document', bytes: 2 }, 'abc']],
    ['with empty chunks for ever', [hello, { type: 'done' }, { type: 'document', bytes: 2 }, '', '', '']],
    ['by going after its hello', [hello]],
    ['by going in the middle of a document', [hello, { type: 'done' }, { type: 'document', bytes: 9 }, 'abc']],
  ])('%s loses the stream, and nothing reaches the store', async (how, frames) => {
    const b = await node();
    const raw = await rawPeer();
    roster.members.add(raw.peerId);
    try {
      const stream = await (await raw.dial(b.host.addresses())).newStream(ROSTER_PROTOCOL);
      for (const each of frames) stream.send(frame(each));
      if (how.startsWith('by going')) await stream.close();
      await until(() => stream.status !== 'open');
      expect(stream.status).toBe('reset');
      expect(b.documents.offers).toEqual([]);
    } finally {
      await raw.stop();
    }
  });
});
