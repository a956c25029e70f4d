/** Value representations (PS3.5 6.2): how their length is written and how their values are padded. */

/** VRs whose length takes four bytes after two reserved ones in explicit VR (PS3.5 7.1.2). */
const LONG_FORM = ['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV'] as const;
/** VRs whose length takes two bytes in explicit VR. */
const SHORT_FORM = 'AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US'.split(' ');

/** A value representation of PS3.5. */
export type Vr =
  | (typeof LONG_FORM)[number]
  | 'AE'
  | 'AS'
  | 'AT'
  | 'CS'
  | 'DA'
  | 'DS'
  | 'DT'
  | 'FD'
  | 'FL'
  | 'IS'
  | 'LO'
  | 'LT'
  | 'PN'
  | 'SH'
  | 'SL'
  | 'SS'
  | 'ST'
  | 'TM'
  | 'UI'
  | 'UL'
  | 'US';

/** Length of a value whose end is marked by a delimitation item (PS3.5 7.5). */
export const UNDEFINED_LENGTH = 0xffffffff;

const LONG: ReadonlySet<string> = new Set(LONG_FORM);
const KNOWN: ReadonlySet<string> = new Set([...LONG_FORM, ...SHORT_FORM]);
const TEXT: ReadonlySet<string> = new Set(['LO', 'LT', 'PN', 'SH', 'ST', 'UC', 'UT']);
const STRINGS: ReadonlySet<string> = new Set([...TEXT, ...'AE AS CS DA DS DT IS TM UI UR'.split(' ')]);
const SINGLE: ReadonlySet<string> = new Set(['LT', 'ST', 'UT', 'UR']);

/** Whether two letters are a VR of PS3.5. */
export function isVr(text: string): text is Vr {
  return KNOWN.has(text);
}

/** Whether explicit VR writes the length of this VR in four bytes (PS3.5 7.1.2). */
export function hasLongLength(vr: string): boolean {
  return LONG.has(vr);
}

/** Whether values of this VR are written in the Specific Character Set (PS3.5 6.1.2.2). */
export function isCharacterSetText(vr: string): boolean {
  return TEXT.has(vr);
}

/** Whether values of this VR are characters at all. */
export function isString(vr: string): boolean {
  return STRINGS.has(vr);
}

/** Whether a backslash in a value of this VR separates values. */
export function isMultiValued(vr: string): boolean {
  return STRINGS.has(vr) && !SINGLE.has(vr);
}

/** The byte that makes a value of this VR even: NUL for UI and binary ones, else space (PS3.5 6.2). */
export function padByte(vr: string): number {
  return STRINGS.has(vr) && vr !== 'UI' ? 0x20 : 0x00;
}

/** Bytes of one number in a value of this VR, whose order follows the transfer syntax; 1 where there is none. */
export function numberBytes(vr: string): 1 | 2 | 4 | 8 {
  if (WORDS.has(vr)) return 2;
  if (DOUBLE_WORDS.has(vr)) return 4;
  return QUAD_WORDS.has(vr) ? 8 : 1;
}

/** AT is two numbers of two bytes. */
const WORDS: ReadonlySet<string> = new Set(['AT', 'OW', 'SS', 'US']);
const DOUBLE_WORDS: ReadonlySet<string> = new Set(['FL', 'OF', 'OL', 'SL', 'UL']);
const QUAD_WORDS: ReadonlySet<string> = new Set(['FD', 'OD', 'OV', 'SV', 'UV']);
