/**
 * Room for what was admitted. An exchange is admitted only when the disk holds all of it and a tenth more, above the
 * low-water mark and beside what the others still have to come.
 */
import { StorageError } from '@interhosp/core/errors';
import type { ExchangeId } from '@interhosp/core/study';

/** A disk whose size is known keeps this part free … */
export const LOW_WATER_PART = 0.1;
/** … but no more than this. */
export const LOW_WATER_BYTES = 20 * 1024 ** 3;
/** What an exchange takes for each byte that it announces: headers, seals, entries, and instances sent again. */
export const ROOM_FACTOR = 1.1;

/** The low-water mark for a volume. */
export function lowWaterOf(volumeBytes: number): number {
  return Math.min(LOW_WATER_BYTES, Math.floor(volumeBytes * LOW_WATER_PART));
}

/** Room set aside for exchanges. */
export class Space {
  readonly #lowWaterBytes: number;
  readonly #reserved = new Map<ExchangeId, number>();

  constructor(lowWaterBytes: number) {
    this.#lowWaterBytes = lowWaterBytes;
  }

  /**
   * Sets room aside, replacing what was set aside before for the same exchange.
   *
   * @param packBytes - What an exchange already has on disk.
   * @throws {StorageError} `STORAGE_FULL`
   */
  reserve(exchange: ExchangeId, bytes: number, freeBytes: number, packBytes: (exchange: ExchangeId) => number): void {
    const room = Math.ceil(bytes * ROOM_FACTOR);
    let needed = Math.max(0, room - packBytes(exchange)) + this.#lowWaterBytes;
    for (const [other, reserved] of this.#reserved) {
      if (other !== exchange) needed += Math.max(0, reserved - packBytes(other));
    }
    if (needed > freeBytes) {
      throw new StorageError('STORAGE_FULL', { details: { kind: 'reserve', bytes: needed, limit: freeBytes } });
    }
    this.#reserved.set(exchange, room);
  }

  release(exchange: ExchangeId): void {
    this.#reserved.delete(exchange);
  }
}
