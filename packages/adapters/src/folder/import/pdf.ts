/** PDF (ISO 32000), as far as telling a whole one from something else needs. Nothing in it is interpreted. */
import type { ByteSource } from '@interhosp/core/dicom';
import { MAX_DOCUMENT_BYTES } from './limits.ts';
import { beyond, malformed } from './refusal.ts';

/** Readers accept a header within so many bytes. */
const HEADER_WITHIN_BYTES = 1_024;
/** The end mark stands in the last line; some writers leave blanks or a signature's padding behind it. */
const END_WITHIN_BYTES = 4_096;

/** @throws {ImportError} `IMPORT_MALFORMED`, `IMPORT_LIMIT` */
export async function checkPdf(source: ByteSource): Promise<void> {
  const { lengthBytes } = source;
  if (lengthBytes > MAX_DOCUMENT_BYTES) throw beyond('bytes', lengthBytes, MAX_DOCUMENT_BYTES);
  const head = Buffer.from(await source.read(0, HEADER_WITHIN_BYTES));
  if (!head.includes('%PDF-')) throw malformed('no-pdf');
  const tail = Buffer.from(await source.read(Math.max(0, lengthBytes - END_WITHIN_BYTES), END_WITHIN_BYTES));
  if (!tail.includes('%%EOF')) throw malformed('truncated');
}
