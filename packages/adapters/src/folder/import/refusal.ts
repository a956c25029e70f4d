/** The errors of the import, in a word each. `reason` names what docs/operating.md explains. */
import { ImportError } from '@interhosp/core/errors';

/** A file that is cut off, damaged, or of another kind. */
export function malformed(reason: string, offset?: number): ImportError {
  return new ImportError('IMPORT_MALFORMED', { details: { reason, ...(offset !== undefined && { offset }) } });
}

/** A variant that DICOM has no place for. */
export function unsupported(reason: string): ImportError {
  return new ImportError('IMPORT_UNSUPPORTED', { details: { reason } });
}

/** A limit of limits.ts. */
export function beyond(reason: string, found: number, limit: number): ImportError {
  return new ImportError('IMPORT_LIMIT', { details: { reason, count: found, limit } });
}

/** Reads exactly `length` bytes. @throws {ImportError} `IMPORT_MALFORMED` where the file ends before. */
export async function readExactly(
  source: { read(offset: number, length: number): Promise<Uint8Array> },
  offset: number,
  length: number,
): Promise<DataView> {
  const bytes = await source.read(offset, length);
  if (bytes.length < length) throw malformed('truncated', offset);
  return new DataView(bytes.buffer, bytes.byteOffset, length);
}
