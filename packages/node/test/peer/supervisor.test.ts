import { PeerError } from '@interhosp/core/errors';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { type ConnectionSupervisor, keepConnected, type PeerAddress, type PeerEvent } from '../../src/peer/index.ts';
import { MAX_PAUSE_MS, pauseMs } from '../../src/peer/supervisor.ts';
import { RecordingLog } from './hosts.ts';
import { ManualClock } from './manual-clock.ts';

/** A host that connects when the test allows it. */
class FakeHost {
  readonly peerId: string;
  readonly dials: { readonly peerId: string; readonly atMs: number; readonly addresses: readonly string[] }[] = [];
  readonly reachable = new Set<string>();
  readonly #connected = new Set<string>();
  readonly #listeners = new Set<(event: PeerEvent) => void>();
  readonly #clock: ManualClock;

  constructor(peerId: string, clock: ManualClock) {
    this.peerId = peerId;
    this.#clock = clock;
  }

  async connect(peerId: string, addresses: readonly string[]): Promise<void> {
    if (this.#connected.has(peerId)) return;
    this.dials.push({ peerId, atMs: this.#clock.monotonicMs(), addresses });
    if (!this.reachable.has(peerId)) throw new PeerError('PEER_UNREACHABLE');
    this.#connected.add(peerId);
    this.#tell('connected', peerId);
  }

  lose(peerId: string): void {
    this.#connected.delete(peerId);
    this.#tell('disconnected', peerId);
  }

  connections() {
    return [...this.#connected].map((remotePeerId) => ({
      remotePeerId,
      remoteAddress: '',
      direction: 'outbound' as const,
      admission: 'member' as const,
      streams: 0,
      openedAtMs: 0,
    }));
  }

  subscribe(listener: (event: PeerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  #tell(kind: PeerEvent['kind'], remotePeerId: string): void {
    for (const listener of this.#listeners)
      listener({ kind, remotePeerId, admission: 'member', direction: 'outbound' });
  }
}

const random = (byte: number) => ({ bytes: (count: number) => new Uint8Array(count).fill(byte) });
const HIGHEST = random(0xff);

let clock: ManualClock;
let host: FakeHost;
let members: PeerAddress[];
let log: RecordingLog;
let supervisor: ConnectionSupervisor;

function start(own = 'a', reachable: readonly string[] = []): void {
  host = new FakeHost(own, clock);
  for (const peerId of reachable) host.reachable.add(peerId);
  supervisor = keepConnected({ host, members: () => members, clock, random: HIGHEST, log });
}

beforeEach(() => {
  clock = new ManualClock();
  log = new RecordingLog();
  members = [{ peerId: 'b', addrs: ['/ip4/192.0.2.1/tcp/1'] }];
});
afterEach(() => supervisor.stop());

describe('the pause between dials', () => {
  it('doubles from a second to a minute and stays there', () => {
    start();
    expect([1, 2, 3, 4, 5, 6, 7, 8, 50, 5_000].map((failures) => pauseMs(failures, HIGHEST))).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000,
    ]);
  });

  it('is spread over its upper half', () => {
    start();
    expect(pauseMs(1, random(0))).toBe(500);
    expect(pauseMs(99, random(0))).toBe(MAX_PAUSE_MS / 2);
    expect(pauseMs(99, random(0x80))).toBeGreaterThan(MAX_PAUSE_MS * 0.74);
    expect(pauseMs(99, random(0x80))).toBeLessThan(MAX_PAUSE_MS * 0.76);
  });
});

describe('a member that does not answer', () => {
  it('is dialled with growing pauses, and for ever', async () => {
    start();
    await clock.advance(63_000);
    expect(host.dials.map(({ atMs }) => atMs)).toEqual([0, 1_000, 3_000, 7_000, 15_000, 31_000, 63_000]);
    const day = 24 * 3_600_000;
    await clock.advance(day / 12);
    expect(host.dials.length).toBe(7 + 120);
  });

  it('is reported loudly once', async () => {
    start();
    await clock.advance(600_000);
    expect(log.count('peer.dial.failed')).toBe(host.dials.length);
    expect(log.loud('peer.dial.failed')).toBe(1);
  });
});

describe('a member that is connected', () => {
  it('is not dialled until its connection ends, and then soon', async () => {
    start('a', ['b']);
    await clock.advance(3_600_000);
    expect(host.dials).toHaveLength(1);
    host.lose('b');
    await clock.advance(1_000);
    expect(host.dials.map(({ atMs }) => atMs)).toEqual([0, 3_601_000]);
  });

  it('and hangs up each time at once is dialled with growing pauses as well', async () => {
    start('a', ['b']);
    for (let second = 0; second < 63; second += 1) {
      await clock.advance(0);
      if (host.connections().length > 0) host.lose('b');
      await clock.advance(1_000);
    }
    expect(host.dials.length).toBeLessThanOrEqual(7);
  });
});

describe('members that come and go', () => {
  it('are dialled from the refresh on, and no longer', async () => {
    start();
    members = [...members, { peerId: 'c', addrs: ['/ip4/192.0.2.3/tcp/1'] }];
    supervisor.refresh();
    await clock.advance(10);
    expect(host.dials.map(({ peerId }) => peerId).sort()).toEqual(['b', 'c']);
    members = [{ peerId: 'c', addrs: ['/ip4/192.0.2.3/tcp/1'] }];
    supervisor.refresh();
    const before = host.dials.filter(({ peerId }) => peerId === 'b').length;
    await clock.advance(300_000);
    expect(host.dials.filter(({ peerId }) => peerId === 'b')).toHaveLength(before);
    expect(host.dials.filter(({ peerId }) => peerId === 'c').length).toBeGreaterThan(5);
  });

  it('are noticed within a minute without a refresh, also under a new address', async () => {
    start();
    members = [
      { peerId: 'b', addrs: ['/ip4/192.0.2.99/tcp/1'] },
      { peerId: 'c', addrs: ['/ip4/192.0.2.3/tcp/1'] },
    ];
    await clock.advance(130_000);
    expect(host.dials.some(({ peerId }) => peerId === 'c')).toBe(true);
    expect(host.dials.findLast(({ peerId }) => peerId === 'b')?.addresses).toEqual(['/ip4/192.0.2.99/tcp/1']);
  });

  it('are never ourselves, nor those without an address', async () => {
    members = [
      { peerId: 'a', addrs: ['/ip4/192.0.2.1/tcp/1'] },
      { peerId: 'z', addrs: [] },
    ];
    start();
    await clock.advance(600_000);
    expect(host.dials).toEqual([]);
  });

  it('of two that dial each other, the one with the greater peer ID waits', async () => {
    start('z');
    await clock.advance(1_999);
    expect(host.dials).toEqual([]);
    await clock.advance(1);
    expect(host.dials).toHaveLength(1);
  });

  it('a list that cannot be read ends nothing', async () => {
    start();
    const list = members;
    Object.defineProperty(members, 'filter', {
      value: () => {
        throw new Error('unreadable');
      },
      configurable: true,
    });
    await clock.advance(60_000);
    expect(log.count('peer.members.unreadable')).toBe(1);
    members = [...list, { peerId: 'c', addrs: ['/ip4/192.0.2.3/tcp/1'] }];
    await clock.advance(60_000);
    expect(host.dials.some(({ peerId }) => peerId === 'c')).toBe(true);
  });
});

describe('stopping', () => {
  it('clears every timer and listener, twice is fine, and nothing is dialled after', async () => {
    start();
    await clock.advance(5_000);
    await Promise.all([supervisor.stop(), supervisor.stop()]);
    const dials = host.dials.length;
    expect([clock.sleeping, host.listeners]).toEqual([0, 0]);
    supervisor.refresh();
    await clock.advance(600_000);
    expect(host.dials).toHaveLength(dials);
  });
});
