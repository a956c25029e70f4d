/** Worlds for the tests of journal, spool, keys and store: a clock that stands still, keys in memory, a seeded dice. */
import { errorCodeOf } from '@interhosp/core/errors';
import type { ExchangeId } from '@interhosp/core/study';
import { silentLog, type Clock, type Log, type Random, type SafeFields } from '@interhosp/core/world';
import type { ExchangeKeys } from '../../src/keys/index.ts';
import { nodeCrypto } from '../../src/world/crypto.ts';
import { LOCK_WATCH_MS } from '../../src/world/folder-lock.ts';
import type { Host } from '../../src/world/host.ts';
import { nodeRandom } from '../../src/world/random.ts';

export const crypto = nodeCrypto();
export const random = nodeRandom();
export { silentLog };

/** Time stands still: nothing that waits for it happens until it is aborted, but for the watching of a silent lock. */
export function stillClock(): Clock {
  return {
    now: () => Date.UTC(2026, 0, 2, 3, 4, 5),
    monotonicMs: () => 0,
    sleep: (ms, { signal } = {}) =>
      new Promise((resolve, reject) => {
        if (ms === LOCK_WATCH_MS) resolve();
        if (signal?.aborted === true) reject(signal.reason as Error);
        signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      }),
  };
}

/** A machine that was started anew for each call, so that every lock left behind is a dead one's. */
export function freshHost(): Host {
  return { pid: 1, boot: Buffer.from(random.bytes(8)).toString('hex'), namespace: 'n', startOf: () => '1' };
}

/** Keys that live in memory; `erase` is what a vault does for good. */
export interface MemoryKeys extends ExchangeKeys {
  add(exchange: ExchangeId): void;
  erase(exchange: ExchangeId): void;
}

export function memoryKeys(...exchanges: readonly ExchangeId[]): MemoryKeys {
  const keys = new Map(exchanges.map((exchange) => [exchange, random.bytes(32)]));
  return {
    recordsKey: random.bytes(32),
    key: (exchange) => Promise.resolve(keys.get(exchange)),
    add: (exchange) => void keys.set(exchange, random.bytes(32)),
    erase: (exchange) => void keys.delete(exchange),
  };
}

/** Numbers from 0 to 1 that follow from a seed (xorshift32). */
export function dice(seed: number): () => number {
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

/** Bytes that follow from a seed: not random to anybody who knows it. */
export function seededRandom(seed: number): Random {
  const next = dice(seed);
  return { bytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(next() * 256)) };
}

/** A log that keeps its lines. */
export function keptLog(): Log & { readonly lines: { event: string; fields: SafeFields | undefined }[] } {
  const lines: { event: string; fields: SafeFields | undefined }[] = [];
  const log = {
    lines,
    forComponent: () => log,
    write: (_level: string, event: string, fields?: SafeFields) => void lines.push({ event, fields }),
  };
  return log;
}

export const EXCHANGE_A = '0a'.repeat(16) as ExchangeId;
export const EXCHANGE_B = '0b'.repeat(16) as ExchangeId;

/** All that an iterable yields. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

/** The code of what a promise rejects with; undefined when it does not. */
export async function codeOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return errorCodeOf(error) ?? String(error);
  }
}
