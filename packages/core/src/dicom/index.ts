export { bytesSource } from './byte-source.ts';
export type { ByteSource } from './byte-source.ts';
export { characterSetOf, isAscii } from './character-set.ts';
export type { CharacterSet } from './character-set.ts';
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
export type { VrForm } from './encode.ts';
export { formatPersonName, parsePersonName } from './person-name.ts';
export { formatTag, TAGS } from './tag.ts';
export type { Tag } from './tag.ts';
export { TRANSFER_SYNTAXES, vrFormOf } from './transfer-syntax.ts';
export { parseUid, tryParseUid } from './uid.ts';
export type { Uid } from './uid.ts';
export type { Vr } from './vr.ts';
