/** The result of a splice plan as a source, for what is done to it next; nothing is read before it is asked for. */
import { concatBytes } from '../dicom/bytes.ts';
import type { ByteSource } from '../dicom/byte-source.ts';
import type { SplicePlan } from '../dicom/splice.ts';

/** Reads as if the plan had been carried out. A plan for a deflated data set has no places: it is no plan for this. */
export function splicedSource(plan: SplicePlan, source: ByteSource): ByteSource {
  if (plan.inflate !== undefined) throw new Error('a plan over inflated elements was read as one over plain ones');
  const starts: number[] = [];
  let lengthBytes = 0;
  for (const segment of plan.segments) {
    starts.push(lengthBytes);
    lengthBytes += segment.kind === 'bytes' ? segment.bytes.length : segment.to - segment.from;
  }
  /** The segment that holds an offset, by halving. */
  const segmentAt = (offset: number): number => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  };
  return {
    lengthBytes,
    read: async (offset, length) => {
      const end = Math.min(offset + length, lengthBytes);
      const parts: Uint8Array[] = [];
      for (let at = offset, index = segmentAt(offset); at < end; index++) {
        const segment = plan.segments[index];
        if (segment === undefined) break;
        const within = at - (starts[index] as number);
        if (segment.kind === 'bytes') parts.push(segment.bytes.subarray(within, within + end - at));
        else {
          const from = segment.from + within;
          const wanted = Math.min(segment.to - from, end - at);
          const bytes = wanted === 0 ? EMPTY : await source.read(from, wanted);
          parts.push(bytes);
          // The source has become shorter: so has this.
          if (bytes.length < wanted) break;
        }
        at += parts.at(-1)?.length ?? 0;
      }
      return parts.length === 0 ? EMPTY : concatBytes(parts);
    },
  };
}

const EMPTY = new Uint8Array(0);
