/**
 * Reads what an index needs from the header of an instance. Of a deflated one (PS3.5 A.5) only the beginning is inflated, and
 * what is broken behind that does not matter.
 */
import { readStudyHeader, type ByteSource, type Uid } from '../dicom/index.ts';
import type { Inflate } from '../world/index.ts';
import type { PacsOptions } from './pacs.ts';
import type { IndexedInstance } from './study-index.ts';

/**
 * Reads identifiers, patient and study of an instance.
 *
 * @param options.inflate - For deflated data sets; default: the streams of the web platform.
 * @throws {DicomError} as {@link readStudyHeader}.
 */
export async function readInstance(
  source: ByteSource,
  transferSyntaxUid: Uid,
  options: PacsOptions & { readonly inflate?: Inflate } = {},
): Promise<IndexedInstance> {
  const { identity, header } = await readStudyHeader(source, transferSyntaxUid, { ...options, isTolerant: true });
  return { ...identity, header };
}
