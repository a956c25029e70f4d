/**
 * Errors of the hand on the keyboard, one at a time.
 */
import type { PopulationRandom } from './random.ts';

/** The text with one typing error; never the same text, unless it is too short to err in. */
export function withTypingError(text: string, random: PopulationRandom): string {
  const letters = [...text.matchAll(/\p{L}/gu)].map((match) => match.index);
  if (letters.length < 2) return text;
  for (let tried = 0; tried < 8; tried++) {
    const wrong = errorAt(text, random.pick(letters), random);
    if (wrong !== text && /\p{L}/u.test(wrong)) return wrong;
  }
  return text + text.slice(-1);
}

/** Digits likewise: one is wrong, or two neighbours are swapped. */
export function withWrongDigit(digits: string, random: PopulationRandom): string {
  const at = random.below(digits.length);
  if (random.chance(0.3) && at > 0 && digits[at] !== digits[at - 1]) return swapAt(digits, at - 1);
  const other = (Number(digits[at]) + random.between(1, 9)) % 10;
  return digits.slice(0, at) + `${other}` + digits.slice(at + 1);
}

/** Rows of a Belgian keyboard; neighbours in a row are neighbours under the fingers. */
const KEYS = ['azertyuiop', 'qsdfghjklm', 'wxcvbn'];
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz';
/** Letters that are heard alike or written for one another. */
const ALIKE = ['iy', 'sz', 'ck', 'dt', 'bp', 'vf', 'mn', 'ae', 'ou', 'gj'];

function errorAt(text: string, at: number, random: PopulationRandom): string {
  const letter = text[at] ?? '';
  const kind = random.unit();
  if (kind < 0.27) return swapAt(text, Math.min(at, text.length - 2));
  if (kind < 0.5) return text.slice(0, at) + text.slice(at + 1);
  if (kind < 0.68) return text.slice(0, at + 1) + letter.toLowerCase() + text.slice(at + 1);
  const wrong = kind < 0.84 ? neighbourKey(letter, random) : wrongLetter(letter, random);
  return text.slice(0, at) + sameCase(wrong, letter) + text.slice(at + 1);
}

function swapAt(text: string, at: number): string {
  return text.slice(0, at) + (text[at + 1] ?? '') + (text[at] ?? '') + text.slice(at + 2);
}

function neighbourKey(letter: string, random: PopulationRandom): string {
  const low = letter.toLowerCase();
  const row = KEYS.find((keys) => keys.includes(low)) ?? '';
  const at = row.indexOf(low);
  return random.pick([row[at - 1], row[at + 1]].filter((key) => key !== undefined).concat(row === '' ? [low] : []));
}

function wrongLetter(letter: string, random: PopulationRandom): string {
  const pairs = ALIKE.filter((pair) => pair.includes(letter.toLowerCase()));
  if (pairs.length > 0 && random.chance(0.6)) return random.pick(pairs).replace(letter.toLowerCase(), '');
  return ALPHABET.charAt(random.below(ALPHABET.length));
}

function sameCase(wrong: string, letter: string): string {
  return letter === letter.toLowerCase() ? wrong : wrong.toUpperCase();
}
