/**
 * Reads what an index needs from the header of an instance, also of a deflated one (PS3.5 A.5), of which only the beginning
 * is inflated.
 */
import { bytesSource, readStudyHeader, TRANSFER_SYNTAXES, type ByteSource, type Uid } from '../dicom/index.ts';
import type { PacsOptions } from './pacs.ts';
import type { IndexedInstance } from './study-index.ts';

/** Inflated bytes in which the header of a deflated data set is looked for; real ones take a few kilobytes. */
const INFLATED_HEADER_BYTES = 1_048_576;
const DEFLATED_READ_BYTES = 65_536;

/**
 * Reads identifiers, patient and study of an instance.
 *
 * @throws {DicomError} as {@link readStudyHeader}; `DICOM_TRANSFER_SYNTAX_UNSUPPORTED` for big endian data sets.
 */
export async function readInstance(
  source: ByteSource,
  transferSyntaxUid: Uid,
  options: PacsOptions = {},
): Promise<IndexedInstance> {
  const isDeflated = transferSyntaxUid === TRANSFER_SYNTAXES.DeflatedExplicitVRLittleEndian;
  const { identity, header } = isDeflated
    ? await readStudyHeader(
        ofUnknownLength(await inflatedBeginning(source, options)),
        TRANSFER_SYNTAXES.ExplicitVRLittleEndian,
        options,
      )
    : await readStudyHeader(source, transferSyntaxUid, options);
  return { ...identity, transferSyntaxUid, header };
}

/** Bytes of which more would follow: a value that runs past them is no defect, a header that is missing is one. */
function ofUnknownLength(bytes: Uint8Array): ByteSource {
  return { ...bytesSource(bytes), lengthBytes: Number.MAX_SAFE_INTEGER };
}

/** The first bytes of a deflated stream; what is broken behind them does not matter, what is missing shows in the header. */
async function inflatedBeginning(source: ByteSource, { signal }: PacsOptions): Promise<Uint8Array> {
  let offset = 0;
  const deflated = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      signal?.throwIfAborted();
      const bytes = await source.read(offset, DEFLATED_READ_BYTES);
      offset += bytes.length;
      // Copied: the stream takes over what it is given.
      if (bytes.length > 0) controller.enqueue(new Uint8Array(bytes));
      else controller.close();
    },
  });
  const reader = deflated.pipeThrough(new DecompressionStream('deflate-raw')).getReader();
  const beginning = new Uint8Array(INFLATED_HEADER_BYTES);
  let length = 0;
  try {
    while (length < beginning.length) {
      const { value, done } = await reader.read();
      if (done) break;
      const piece = value.subarray(0, beginning.length - length);
      beginning.set(piece, length);
      length += piece.length;
    }
  } catch {
    // A stream that breaks off or is no deflate stream: the header is read from what came, and is missing otherwise.
    signal?.throwIfAborted();
  } finally {
    await reader.cancel().catch(() => {});
  }
  return beginning.subarray(0, length);
}
