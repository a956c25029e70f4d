import { createDeflateRaw, createInflate, createInflateRaw } from 'node:zlib';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { DicomError } from '../errors/index.ts';
import type { Inflate } from '../world/index.ts';
import { failuresOf } from '../../test/conformance-failures.ts';
import { inflateConformance } from './inflate.ts';

interface Flaws {
  readonly ignoresLimit?: boolean;
  readonly takesCut?: boolean;
  readonly holdsWhole?: boolean;
  readonly uncoded?: boolean;
  readonly hidesSource?: boolean;
  readonly wrapped?: boolean;
}

/** node:zlib behind the port, with flaws to be found. */
function zlibInflate(flaws: Flaws = {}): Inflate {
  async function* inflateRaw(bytes: AsyncIterable<Uint8Array>, { maxBytes }: { readonly maxBytes: number }) {
    const source = Readable.from(flaws.holdsWhole === true ? await held(bytes) : bytes, {
      objectMode: true,
      highWaterMark: 1,
    });
    const inflater = (flaws.wrapped === true ? createInflate : createInflateRaw)(
      flaws.takesCut === true ? { finishFlush: 2 } : {},
    );
    let broken: unknown;
    source.on('error', (error) => {
      broken = error;
      inflater.destroy(error);
    });
    let seenBytes = 0;
    try {
      for await (const piece of source.pipe(inflater) as AsyncIterable<Uint8Array>) {
        seenBytes += piece.length;
        if (seenBytes > maxBytes && flaws.ignoresLimit !== true) throw new DicomError('DICOM_LIMIT');
        yield piece;
      }
    } catch (error) {
      if ((broken !== undefined && flaws.hidesSource !== true) || error instanceof DicomError || flaws.uncoded === true)
        throw error;
      const isCut = (error as { code?: string }).code === 'Z_BUF_ERROR';
      throw new DicomError(isCut ? 'DICOM_TRUNCATED' : 'DICOM_MALFORMED', { cause: error });
    } finally {
      source.destroy();
      inflater.destroy();
    }
  }
  return { inflateRaw, deflateRaw: (bytes) => Readable.from(bytes).pipe(createDeflateRaw()) };
}

async function held(bytes: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const list: Uint8Array[] = [];
  for await (const piece of bytes) list.push(piece);
  return list;
}

inflateConformance({ describe, it }, { name: 'node:zlib', create: () => zlibInflate() });

describe('the suite of inflating', () => {
  it.each([
    [{ ignoresLimit: true }, 'a byte more than the limit is refused'],
    [{ takesCut: true }, 'a stream without its last block is cut'],
    [{ holdsWhole: true }, 'a stream is never held whole'],
    [{ ignoresLimit: true }, 'a stream that grows a thousandfold ends at the limit'],
    [{ hidesSource: true }, "a source's error comes through untouched"],
    [{ wrapped: true }, 'DICOM_MALFORMED'],
    [{ uncoded: true }, 'bytes that are no deflated stream are refused'],
  ])('sees that an implementation is %j', async (flaws, sentence) => {
    const failures = await failuresOf((runner) =>
      inflateConformance(runner, { name: 'flawed', create: () => zlibInflate(flaws) }),
    );
    expect(failures.join('\n')).toContain(sentence);
  });
});
