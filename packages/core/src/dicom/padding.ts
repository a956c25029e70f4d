/** What fills up a value at its end (PS3.5 6.2): blanks, and NUL, which pads UIDs and, wrongly, other text. */

/**
 * Text without some characters at its end.
 *
 * Character by character, and by no pattern: `/ +$/` tries each blank of a long run anew, and a value of 64 kB that
 * holds little else takes seconds.
 *
 * @param padding - The characters; default blank and NUL.
 */
export function trimPadding(text: string, padding: string = '\0 '): string {
  let end = text.length;
  while (end > 0 && padding.includes(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}
