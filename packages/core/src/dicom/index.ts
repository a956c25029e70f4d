export { bytesSource } from './byte-source.ts';
export type { ByteSource } from './byte-source.ts';
export { characterSetOf, isAscii } from './character-set.ts';
export type { CharacterSet } from './character-set.ts';
export { openDataSet, withDataSet } from './data-set.ts';
export type { OpenDataSet, OpenDataSetOptions } from './data-set.ts';
export {
  formatDate,
  formatDateTime,
  formatTime,
  formatUtcOffset,
  parseDate,
  parseDateTime,
  parseTime,
} from './date-time.ts';
export type { DateTime } from './date-time.ts';
export { encodeElements } from './element.ts';
export type { ElementValue, ItemValue, NewElement, NumberVr } from './element.ts';
export { encodeElementHeader } from './encode.ts';
export type { VrForm } from './encode.ts';
export { createHeaderScanner, LAST_SPLICED_TAG } from './header-scanner.ts';
export type { HeaderScanner, HeaderScannerOptions, HeaderValue, HeaderValues } from './header-scanner.ts';
export { implicitVrOf } from './implicit-vr.ts';
export { inflateCapped } from './inflated-source.ts';
export { DICOM_LIMITS } from './limits.ts';
export { trimPadding } from './padding.ts';
export { parseElements, parseItems } from './parse.ts';
export type { ParsedElement, ParsedItem } from './parse.ts';
export { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, part10Header, readPart10 } from './part10.ts';
export type { Part10 } from './part10.ts';
export { formatPersonName, parsePersonName } from './person-name.ts';
export { interpretHeader, readHeaderValues, readStudyHeader, STUDY_HEADER_TAGS } from './read-study-header.ts';
export type { ReadStudyHeader, StudyHeaderOptions } from './read-study-header.ts';
export type { CharacterSetPolicy } from './splice-character-set.ts';
export { planSplice, spliceStream } from './splice.ts';
export type { ElementEdit, SpliceOptions, SplicePlan, SpliceSegment } from './splice.ts';
export { formatTag, TAGS } from './tag.ts';
export type { Tag } from './tag.ts';
export { isDeflated, TRANSFER_SYNTAXES, vrFormOf } from './transfer-syntax.ts';
export { parseUid, tryParseUid } from './uid.ts';
export type { Uid } from './uid.ts';
export type { Vr } from './vr.ts';
export { walkElements } from './walk.ts';
export type { ElementSpan, WalkOptions } from './walk.ts';
export { matchesWildcards } from './wildcards.ts';
