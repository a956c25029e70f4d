/** The bytes of an instance on their way into memory and out of it. */
import type { ByteSource } from '@interhosp/core/dicom';
import type { PacsOptions, StorableInstance } from '@interhosp/core/pacs';

/** Bytes handed out at a time. */
const PIECE_BYTES = 262_144;

/** The connection broke in the middle of an instance. */
export class LostConnection extends Error {
  override readonly name = 'LostConnection';
}

/** An instance has more or fewer bytes than it said. */
export class NotAsAnnounced extends Error {
  override readonly name = 'NotAsAnnounced';
}

/** How an instance is read; see {@link collect}. */
export interface CollectOptions extends PacsOptions {
  /** The connection breaks when so many bytes were taken. */
  readonly cutAtBytes?: number;
  /** Called before each piece is taken. */
  readonly pause?: () => Promise<void>;
}

/**
 * Reads an instance whole; the pieces are copied, as their owner may use the memory again.
 *
 * @throws {NotAsAnnounced} when the length differs from `lengthBytes`.
 * @throws {LostConnection} at `options.cutAtBytes`.
 */
export async function collect(instance: StorableInstance, options: CollectOptions): Promise<readonly Uint8Array[]> {
  const { signal, cutAtBytes = Number.POSITIVE_INFINITY, pause } = options;
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of instance.dataSet(signal === undefined ? {} : { signal })) {
    signal?.throwIfAborted();
    await pause?.();
    length += chunk.length;
    if (length > cutAtBytes) throw new LostConnection();
    if (length > instance.lengthBytes) throw new NotAsAnnounced();
    chunks.push(chunk.slice());
  }
  signal?.throwIfAborted();
  if (length < instance.lengthBytes) throw new NotAsAnnounced();
  return chunks;
}

/** The chunks as they are handed out, none longer than a piece. */
export function* pieces(chunks: readonly Uint8Array[]): Generator<Uint8Array> {
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += PIECE_BYTES) yield chunk.subarray(at, at + PIECE_BYTES);
  }
}

/** The chunks as one run of bytes that can be read anywhere; nothing is joined but what is asked for. */
export function chunkSource(chunks: readonly Uint8Array[]): ByteSource {
  const lengthBytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  return {
    lengthBytes,
    read: (offset, length) => {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, lengthBytes - offset)));
      let start = 0;
      for (const chunk of chunks) {
        const from = Math.max(0, offset - start);
        const to = Math.min(chunk.length, offset + bytes.length - start);
        if (from < to) bytes.set(chunk.subarray(from, to), start + from - offset);
        start += chunk.length;
      }
      return Promise.resolve(bytes);
    },
  };
}
