/**
 * One name in the forms under which it is compared: glued (`Van den Berghe` = `Vandenberghe`), without particles
 * (`Smet` for `De Smet`), in units (`Noël-Goduisart` is two surnames), and folded over spelling habits.
 */
import type { PersonName } from '../study/index.ts';
import { foldedTokens } from './fold-text.ts';
import { remembered } from './remembered.ts';

/** The forms of one name part. All are lower case; all are empty when the part is. */
export interface NameForms {
  /** As written, for showing. */
  readonly text: string;
  readonly tokens: readonly string[];
  /** Tokens joined: `vandenberghe`. */
  readonly glued: string;
  /** Glued, over ä/ae/a, ij/y, ck/k, ph/f, doubled letters and -ska/-ski. */
  readonly folded: string;
  /** Each noun with the particles before it: `['vandenberghe', 'desmet']`. */
  readonly units: readonly string[];
  /** Each noun alone: `['berghe', 'smet']`. */
  readonly cores: readonly string[];
}

/** One way to read a name. `split`: the parts were not told apart; `swapped`: family and given exchanged. */
export interface NameReading {
  readonly family: NameForms;
  readonly given: NameForms;
  readonly middle: NameForms;
  readonly reading: 'as-written' | 'split' | 'swapped';
}

/** A name of more words is not split in every way, only the likely ones. */
const MOST_TOKENS = 8;

const PARTICLES: ReadonlySet<string> = new Set(
  (
    'van von vom zu zum zur der den de het t ter ten te la le les l du des d di da dos das do del della dello dei degli ' +
    'el al ould ou'
  ).split(' '),
);
/** Whether a folded word, or several glued, may stand in front of a family name: `van`, `vanden`, `dela`. */
export function isParticle(glued: string): boolean {
  if (PARTICLES.has(glued)) return true;
  return Array.from(glued, (_letter, index) => index).some(
    (at) => PARTICLES.has(glued.slice(0, at)) && PARTICLES.has(glued.slice(at)),
  );
}

/** What stands between a birth name and a married name, in the languages of Belgian records. */
const MARRIAGE_WORDS: ReadonlySet<string> = new Set(
  'ep epouse echtg echtgenote wed weduwe vve veuve nee geb geborene geboren verh'.split(' '),
);

/** The forms of one part of a name. Names come again: those seen lately are not taken apart anew. */
export const nameForms: (text: string) => NameForms = remembered(formsOf);

function formsOf(text: string): NameForms {
  const words = foldedTokens(text);
  const meant = words.filter((token) => !MARRIAGE_WORDS.has(token));
  // Nee is a family name too.
  const tokens = meant.length > 0 ? meant : words;
  const glued = tokens.join('');
  const { units, cores } = unitsOf(text);
  return { text, tokens, glued, folded: foldSpelling(glued), units, cores };
}

/** Spelling habits that make two writings of one name. Not a phonetic code: what is folded is still the name. */
export function foldSpelling(glued: string): string {
  return glued
    .replace(/ae/g, 'a')
    .replace(/oe/g, 'o')
    .replace(/ue/g, 'u')
    .replace(/ij/g, 'i')
    .replace(/y/g, 'i')
    .replace(/ck/g, 'k')
    .replace(/ph/g, 'f')
    .replace(/(.)\1+/gu, '$1')
    .replace(/(?<=[sc])ka$/, 'ki');
}

/**
 * The ways an arriving name can be read: as written, with family and given exchanged, and, when the parts arrived in one
 * string, split where it may be. The first reading is the likeliest.
 */
export function nameReadings(name: PersonName | undefined): readonly NameReading[] {
  if (name === undefined) return [];
  const parts = separate(name);
  const middle = nameForms(parts.middle);
  if (nameForms(parts.given).glued !== '') {
    const [family, given] = [nameForms(parts.family), nameForms(parts.given)];
    const asWritten: NameReading = { family, given, middle, reading: 'as-written' };
    return family.glued === ''
      ? [asWritten]
      : [asWritten, { family: given, given: family, middle, reading: 'swapped' }];
  }
  const words = parts.family
    .split(/\s+/)
    .filter((word) => foldedTokens(word).length > 0)
    .slice(0, MOST_TOKENS);
  return [
    { family: nameForms(parts.family), given: nameForms(''), middle, reading: 'as-written' },
    ...splits(words, middle),
  ];
}

/** A name read as the directory says it; damage is repaired, nothing is guessed. */
export function registeredName(name: PersonName | undefined): NameReading | undefined {
  if (name === undefined) return undefined;
  const parts = separate(name);
  return {
    family: nameForms(parts.family),
    given: nameForms(parts.given),
    middle: nameForms(parts.middle),
    reading: 'as-written',
  };
}

/** Components that were left in one: `DOE^JANE` or `DOE, JANE` in the family name, with no given name beside it. */
function separate(name: PersonName): { family: string; given: string; middle: string } {
  const { family, given, middle } = name;
  if (given.trim() !== '') return { family, given, middle };
  const [first = '', second = '', third = ''] = family
    .split(family.includes('^') ? '^' : ',')
    .map((part) => part.trim());
  return second === ''
    ? { family, given, middle }
    : { family: first, given: second, middle: third === '' ? middle : third };
}

function splits(words: readonly string[], middle: NameForms): readonly NameReading[] {
  const readings: NameReading[] = [];
  for (let count = words.length - 1; count > 0; count--) {
    const head = nameForms(words.slice(0, count).join(' '));
    const tail = nameForms(words.slice(count).join(' '));
    readings.push({ family: head, given: tail, middle, reading: 'split' });
    readings.push({ family: tail, given: head, middle, reading: 'split' });
  }
  return readings;
}

/** A hyphen or a marriage word ends a unit; a particle begins one. */
function unitsOf(text: string): { units: readonly string[]; cores: readonly string[] } {
  const units: string[] = [];
  const cores: string[] = [];
  let particles = '';
  const close = (noun: string): void => {
    if (particles + noun !== '') units.push(particles + noun);
    if (particles + noun !== '') cores.push(noun === '' ? particles : noun);
    particles = '';
  };
  for (const part of text.split(/[-‐‑/&+]/)) {
    for (const token of foldedTokens(part)) {
      if (MARRIAGE_WORDS.has(token)) close('');
      else if (PARTICLES.has(token)) particles += token;
      else close(token);
    }
    close('');
  }
  return { units: units.slice(0, MOST_TOKENS), cores: cores.slice(0, MOST_TOKENS) };
}
