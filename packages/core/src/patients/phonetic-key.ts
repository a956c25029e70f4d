/**
 * A short key that names keep when they are misheard or mistyped: consonant classes in order, vowels dropped. It finds
 * candidates and decides nothing, so that it may be coarse; Dutch, French and German spellings share their classes.
 */
import { foldSpelling } from './name-forms.ts';
import { remembered } from './remembered.ts';

const LONGEST_KEY = 6;

/** Classes by letter; a vowel, h, w after a consonant and j carry nothing that survives a misspelling. */
const CLASSES: Readonly<Record<string, string>> = {
  b: 'p',
  p: 'p',
  v: 'f',
  w: 'f',
  f: 'f',
  c: 'k',
  k: 'k',
  q: 'k',
  g: 'g',
  x: 'k',
  s: 's',
  z: 's',
  d: 't',
  t: 't',
  l: 'l',
  m: 'm',
  n: 'n',
  r: 'r',
  j: 'j',
};

/** The key of a glued, folded name; empty for an empty name. A name without consonants is its own first letters. */
export const phoneticKey: (glued: string) => string = remembered(soundOf);

function soundOf(glued: string): string {
  let key = '';
  let last = '';
  for (const letter of foldSpelling(glued)) {
    const sound = CLASSES[letter] ?? (/[\p{L}\p{N}]/u.test(letter) && !/[aeiouh]/.test(letter) ? letter : '');
    if (sound !== '' && sound !== last) key += sound;
    if (sound !== '') last = sound;
    if (key.length >= LONGEST_KEY) break;
  }
  return key === '' ? glued.slice(0, 2) : key;
}
