/** Application entity titles (PS3.5 6.2, PS3.8 9.3.2): up to 16 characters of ASCII, without backslash, blanks around not meant. */

/** A title that was checked by {@link parseAeTitle}. It names somebody; it proves nothing. */
export type AeTitle = string & { readonly __brand: 'AeTitle' };

/** Printable ASCII but the backslash. */
const FORM = /^[\x20-\x5b\x5d-\x7e]{1,16}$/;

/** Checks a title; blanks around it are removed. Undefined when it is none. */
export function tryParseAeTitle(text: string): AeTitle | undefined {
  const title = text.replace(/^ +| +$/g, '');
  return FORM.test(title) ? (title as AeTitle) : undefined;
}

/** As {@link tryParseAeTitle}. @throws {RangeError} for what is no title. */
export function parseAeTitle(text: string): AeTitle {
  const title = tryParseAeTitle(text);
  if (title === undefined) throw new RangeError('an AE title has 1 to 16 characters of ASCII without a backslash');
  return title;
}
