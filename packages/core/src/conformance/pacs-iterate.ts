/** Reading of streams, as the PACS suite needs it: whole, side by side, or with an eye on whether they were ended. */
import type { PacsSource, RetrievedInstance, StorableInstance } from '../pacs/index.ts';
import type { Uid } from '../dicom/uid.ts';
import { check } from './expect.ts';

/** Most bytes of one piece: an adapter that hands over more is holding whole instances. */
const LARGEST_PIECE_BYTES = 8_388_608;

/** How often memory is looked at: it takes a collection of garbage each time. */
const WEIGH_EVERY_BYTES = 4_194_304;

/** Everything a stream yields. */
export async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of stream) items.push(item);
  return items;
}

/** Everything a stream of bytes yields, as one array. */
export async function allBytes(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts = await all(stream);
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * Position of the first byte at which two streams differ, a missing byte counting as a difference; undefined when they
 * are the same. Neither is held whole.
 */
export async function firstDifference(
  left: AsyncIterable<Uint8Array>,
  right: AsyncIterable<Uint8Array>,
): Promise<number | undefined> {
  const other = right[Symbol.asyncIterator]();
  let rest: Uint8Array = new Uint8Array(0);
  let offset = 0;
  try {
    for await (const piece of left) {
      check(piece.length <= LARGEST_PIECE_BYTES, 'bytes come in pieces of at most 8 MiB');
      for (let at = 0; at < piece.length;) {
        while (rest.length === 0) {
          const next = await other.next();
          if (next.done === true) return offset + at;
          rest = next.value;
        }
        const length = Math.min(rest.length, piece.length - at);
        for (let index = 0; index < length; index++) {
          if (piece[at + index] !== rest[index]) return offset + at + index;
        }
        at += length;
        rest = rest.subarray(length);
      }
      offset += piece.length;
    }
    for (; rest.length === 0;) {
      const next = await other.next();
      if (next.done === true) return undefined;
      rest = next.value;
    }
    return offset;
  } finally {
    await other.return?.();
  }
}

/** A retrieved instance read to its end. */
export interface HeldInstance {
  readonly transferSyntaxUid: Uid;
  readonly bytes: Uint8Array;
}

/** Retrieves everything a PACS holds of a study, for small samples. */
export async function retrieveAll(
  pacs: PacsSource,
  studyInstanceUid: Uid,
  options?: Parameters<PacsSource['retrieve']>[1],
): Promise<HeldInstance[]> {
  const held: HeldInstance[] = [];
  for await (const instance of pacs.retrieve(studyInstanceUid, options)) held.push(await readWhole(instance));
  return held;
}

async function readWhole(instance: RetrievedInstance): Promise<HeldInstance> {
  return { transferSyntaxUid: instance.transferSyntaxUid, bytes: await allBytes(instance.dataSet) };
}

/** Instances whose streams are counted as they are opened and ended. */
export function watchStreams<T extends StorableInstance>(
  instances: readonly T[],
): { readonly instances: readonly T[]; opened(): number; open(): number } {
  let opened = 0;
  let open = 0;
  const watched = instances.map((instance) => ({
    ...instance,
    async *dataSet(options?: { readonly signal?: AbortSignal }) {
      opened++;
      open++;
      try {
        yield* instance.dataSet(options);
      } finally {
        open--;
      }
    },
  }));
  return { instances: watched, opened: () => opened, open: () => open };
}

/** Passes pieces on, and tells every 4 MiB how much is held. */
export async function* weigh(
  stream: AsyncIterable<Uint8Array>,
  heldBytes: () => number,
  tell: (held: number) => void,
): AsyncGenerator<Uint8Array> {
  let passed = WEIGH_EVERY_BYTES;
  for await (const piece of stream) {
    passed += piece.length;
    if (passed >= WEIGH_EVERY_BYTES) {
      passed = 0;
      tell(heldBytes());
    }
    yield piece;
  }
}

/** Waits until a condition holds, for what another process does in its own time; false after `withinMs`. */
export async function eventually(condition: () => Promise<boolean> | boolean, withinMs = 5_000): Promise<boolean> {
  const pauseMs = 20;
  for (let waited = 0; waited < withinMs; waited += pauseMs) {
    if (await condition()) return true;
    await new Promise<void>((resolve) => void setTimeout(resolve, pauseMs));
  }
  return await condition();
}
