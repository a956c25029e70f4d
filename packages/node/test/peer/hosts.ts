/** Hosts for the tests: on loopback, admitting whom the test says, stopped at its end. */
import { randomBytes } from 'node:crypto';

import { type Log, type LogLevel, silentLog } from '@interhosp/core/world';

import { createPeerHost, type PeerHost, type PeerHostOptions } from '../../src/peer/index.ts';
import { nodeClock } from '../../src/world/index.ts';

/** Who is a member, for the hosts of one test. */
export class TestRoster {
  readonly members = new Set<string>();
  readonly #hosts: PeerHost[] = [];

  /** A started host that is a member, unless told otherwise. */
  async host(options: Partial<PeerHostOptions> & { readonly isMember?: boolean } = {}): Promise<PeerHost> {
    const { isMember = true, ...given } = options;
    const host = createPeerHost({
      identitySeed: randomBytes(32),
      listen: ['/ip4/127.0.0.1/tcp/0'],
      admit: (peerId) => (this.members.has(peerId) ? 'member' : 'stranger'),
      log: silentLog,
      clock: nodeClock(),
      ...given,
    });
    if (isMember) this.members.add(host.peerId);
    this.#hosts.push(host);
    await host.start();
    return host;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#hosts.splice(0).map((host) => host.stop()));
  }
}

/** Waits until a condition holds; the test's own limit ends it when it never does. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** A log that counts its events. */
export class RecordingLog implements Log {
  readonly #events: { readonly level: LogLevel; readonly event: string }[] = [];

  forComponent(): Log {
    return this;
  }

  write(level: LogLevel, event: string): void {
    this.#events.push({ level, event });
  }

  /** How often an event was written. */
  count(event: string): number {
    return this.#events.filter((written) => written.event === event).length;
  }

  /** How often it was written as a warning or an error. */
  loud(event: string): number {
    return this.#events.filter((written) => written.event === event && /warn|error/.test(written.level)).length;
  }
}
