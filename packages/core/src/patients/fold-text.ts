/**
 * Text as compared: lower case, without diacritics, with the damage undone that character sets do on the way.
 *
 * Folding is for comparison and indexing alone; what is shown or stored is always the text as it was written.
 */

/** A PN component group has at most 64 characters (PS3.5 6.2); a longer text is cut before it costs anything. */
const MOST_CHARACTERS = 256;

/** Letters that Unicode does not decompose. */
const LETTERS: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ı: 'i',
};

/** Windows-1252 puts these where ISO 8859-1 has control characters; UTF-8 read as such shows them. */
const WINDOWS_1252: ReadonlyMap<string, number> = new Map(
  Array.from('€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ', (character, index) => [
    character,
    0x80 + index,
  ]),
);

/** Lower case, diacritics removed, mojibake repaired: `MichaÃ«l` and `MICHAËL` both give `michael`. */
export function foldText(text: string): string {
  const lower = repairMojibake(text.slice(0, MOST_CHARACTERS))
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}+/gu, '');
  return lower.replace(/[ßæœøłđðþı]/g, (letter) => LETTERS[letter] ?? letter);
}

/** The words of a text: runs of letters and digits. `?` stays, where a character set lost a letter: `M?ller`. */
export function foldedTokens(text: string): readonly string[] {
  return foldText(text)
    .split(/[^\p{L}\p{N}?\ufffd]+/u)
    .filter((token) => /[\p{L}\p{N}]/u.test(token));
}

/**
 * Undoes UTF-8 that was read as ISO 8859-1 or Windows-1252 (`Ã©` for `é`), the commonest damage to names.
 * The text comes back unchanged unless all of it is such.
 */
export function repairMojibake(text: string): string {
  // A lead byte of two-byte UTF-8 for Latin letters, followed by a continuation byte in either character set.
  if (!/[ÂÃÄÅ][\u0080-\u00bfŒœŠšŸŽžƒˆ˜\u2013-\u203a€™]/.test(text)) return text;
  const bytes = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index++) {
    const byte = WINDOWS_1252.get(text.charAt(index)) ?? text.charCodeAt(index);
    if (byte > 0xff) return text;
    bytes[index] = byte;
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return text;
  }
}
