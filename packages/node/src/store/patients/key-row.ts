/**
 * A row of keys: which slots are filed under each. Keys in the order of their rest, slots rising, each as its distance from
 * the one before: rest (5 bytes) | bytes of the list (number) | slots (numbers). Numbers are of seven bits a byte, the
 * lowest first, the highest bit set while more follow.
 */
import { damagedIndex } from './row-seal.ts';

/** One change of a row. */
export interface KeyChange {
  readonly rest: number;
  readonly slot: number;
  readonly isRemoval: boolean;
}

const REST_BYTES = 5;
/** Longest number: 32 bits, seven at a time. */
const MOST_NUMBER_BYTES = 5;

/** The slots under a key, rising; undefined when there are none. @throws {StorageError} `STORAGE_INDEX_DAMAGED` */
export function readKeySlots(row: Uint8Array, rest: number): readonly number[] | undefined {
  const reader = new RowReader(row);
  while (!reader.isAtEnd) {
    const found = reader.rest();
    if (found > rest) return undefined;
    const bytes = reader.number();
    if (found === rest) return reader.slots(bytes);
    reader.skip(bytes);
  }
  return undefined;
}

/**
 * Makes the changes of a row, those of one key in their order.
 *
 * @param changes - Sorted by `rest`.
 * @returns undefined when nothing is left.
 */
export function changeKeyRow(row: Uint8Array | undefined, changes: readonly KeyChange[]): Uint8Array | undefined {
  const before = new RowReader(row ?? EMPTY);
  const after = new RowWriter((row?.length ?? 0) + changes.length * (REST_BYTES + 1 + MOST_NUMBER_BYTES));
  let next = 0;
  while (!before.isAtEnd) {
    const start = before.at;
    const rest = before.rest();
    const bytes = before.number();
    next = writeNewKeys(after, changes, next, rest);
    const first = next;
    while (changes[next]?.rest === rest) next += 1;
    if (first < next) after.list(rest, changedSlots(before.slots(bytes), changes, first, next));
    else {
      before.skip(bytes);
      after.copy(before.bytes(start));
    }
  }
  writeNewKeys(after, changes, next, Number.POSITIVE_INFINITY);
  return after.finish();
}

const EMPTY = new Uint8Array();

/** Writes the keys of changes that come before `until`; returns the first change that does not. */
function writeNewKeys(after: RowWriter, changes: readonly KeyChange[], from: number, until: number): number {
  let next = from;
  for (let change = changes[next]; change !== undefined && change.rest < until; change = changes[next]) {
    const first = next;
    while (changes[next]?.rest === change.rest) next += 1;
    after.list(change.rest, changedSlots([], changes, first, next));
  }
  return next;
}

function changedSlots(
  slots: readonly number[],
  changes: readonly KeyChange[],
  from: number,
  to: number,
): readonly number[] {
  if (to - from === 1 && slots.length === 0) {
    const [only] = changes.slice(from, to);
    return only === undefined || only.isRemoval ? [] : [only.slot];
  }
  const set = new Set(slots);
  for (const { slot, isRemoval } of changes.slice(from, to)) {
    if (isRemoval) set.delete(slot);
    else set.add(slot);
  }
  return [...set].sort((one, other) => one - other);
}

class RowReader {
  readonly #row: Uint8Array;
  at = 0;

  constructor(row: Uint8Array) {
    this.#row = row;
  }

  get isAtEnd(): boolean {
    return this.at >= this.#row.length;
  }

  rest(): number {
    const row = this.#row;
    const at = this.at;
    this.skip(REST_BYTES);
    const low =
      ((row[at + 1] ?? 0) << 24) | ((row[at + 2] ?? 0) << 16) | ((row[at + 3] ?? 0) << 8) | (row[at + 4] ?? 0);
    return (row[at] ?? 0) * 2 ** 32 + (low >>> 0);
  }

  number(): number {
    let value = 0;
    let weight = 1;
    for (let index = 0; index < MOST_NUMBER_BYTES; index++) {
      const byte = this.#row[this.at++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * weight;
      if (byte < 0x80) return value;
      weight *= 0x80;
    }
    throw damagedIndex('list');
  }

  slots(bytes: number): readonly number[] {
    const end = this.at + bytes;
    const slots: number[] = [];
    let slot = 0;
    while (this.at < end) slots.push((slot += this.number()));
    if (this.at !== end) throw damagedIndex('list');
    return slots;
  }

  skip(bytes: number): void {
    this.at += bytes;
    if (this.at > this.#row.length) throw damagedIndex('list');
  }

  bytes(from: number): Uint8Array {
    return this.#row.subarray(from, this.at);
  }
}

class RowWriter {
  readonly #row: Uint8Array;
  #at = 0;

  constructor(mostBytes: number) {
    this.#row = Buffer.allocUnsafe(mostBytes);
  }

  copy(bytes: Uint8Array): void {
    this.#row.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  list(rest: number, slots: readonly number[]): void {
    if (slots.length === 0) return;
    const low = rest >>> 0;
    this.#row[this.#at] = Math.floor(rest / 2 ** 32);
    this.#row[this.#at + 1] = low >>> 24;
    this.#row[this.#at + 2] = low >>> 16;
    this.#row[this.#at + 3] = low >>> 8;
    this.#row[this.#at + 4] = low;
    this.#at += REST_BYTES;
    let bytes = 0;
    let before = 0;
    for (const slot of slots) {
      bytes += numberBytes(slot - before);
      before = slot;
    }
    this.#number(bytes);
    before = 0;
    for (const slot of slots) {
      this.#number(slot - before);
      before = slot;
    }
  }

  finish(): Uint8Array | undefined {
    return this.#at === 0 ? undefined : this.#row.subarray(0, this.#at);
  }

  #number(value: number): void {
    let rest = value;
    while (rest >= 0x80) {
      this.#row[this.#at++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#row[this.#at++] = rest;
  }
}

function numberBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes += 1;
  return bytes;
}
