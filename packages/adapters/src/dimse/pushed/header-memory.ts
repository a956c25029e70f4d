/**
 * Makes sense of headers, each once: the instances of a study say the same of it a thousand times. Those that do share one
 * object, which spares more memory than time.
 */
import {
  interpretHeader,
  TAGS,
  tryParseUid,
  type HeaderValue,
  type HeaderValues,
  type Tag,
  type Uid,
} from '@interhosp/core/dicom';
import type { IndexedInstance } from '@interhosp/core/pacs';
import type { StudyHeader } from '@interhosp/core/study';
import { latin1Text } from '../association/little-endian.ts';

/** Studies that come in at the same time. */
const MAX_REMEMBERED = 64;
/** What differs from one instance to the next. */
const OWN: ReadonlySet<Tag> = new Set([TAGS.SOPClassUID, TAGS.SOPInstanceUID, TAGS.SeriesInstanceUID]);

/** See the file's head. */
export class HeaderMemory {
  /** By what was said, the oldest first. */
  readonly #headers = new Map<string, StudyHeader>();

  /** @throws {DicomError} `DICOM_IDENTITY_MISSING` when the values name no study, series or instance. */
  read(values: HeaderValues, transferSyntaxUid: Uid): IndexedInstance {
    const said = wordsOf(values);
    const header = this.#headers.get(said);
    const sopClassUid = uidOf(values.get(TAGS.SOPClassUID));
    const sopInstanceUid = uidOf(values.get(TAGS.SOPInstanceUID));
    const seriesInstanceUid = uidOf(values.get(TAGS.SeriesInstanceUID));
    const isKnown =
      header !== undefined &&
      sopClassUid !== undefined &&
      sopInstanceUid !== undefined &&
      seriesInstanceUid !== undefined;
    if (isKnown) {
      const { studyInstanceUid } = header;
      return { studyInstanceUid, seriesInstanceUid, sopInstanceUid, sopClassUid, transferSyntaxUid, header };
    }
    const read = interpretHeader(values, transferSyntaxUid);
    this.#remember(said, read.header);
    return { ...read.identity, header: read.header };
  }

  #remember(said: string, header: StudyHeader): void {
    this.#headers.set(said, header);
    const [oldest] = this.#headers.keys();
    if (oldest !== undefined && this.#headers.size > MAX_REMEMBERED) this.#headers.delete(oldest);
  }
}

/** Everything that a header is made of, but what is the instance's own. */
function wordsOf(values: HeaderValues): string {
  let words = '';
  for (const [tag, value] of values) {
    if (OWN.has(tag)) continue;
    const { bytes, innerForm, isUndefinedLength, vr } = value;
    words += `${tag} ${vr} ${innerForm} ${isUndefinedLength} ${bytes.length} ${latin1Text(bytes)}`;
  }
  return words;
}

function uidOf(value: HeaderValue | undefined): Uid | undefined {
  return value === undefined ? undefined : tryParseUid(latin1Text(value.bytes));
}
