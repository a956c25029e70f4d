/**
 * How a sender writes letters: in capitals, without diacritics, or in a character set that the reader takes for another.
 */
import type { Draft } from './draft.ts';
import type { PopulationRandom } from './random.ts';

/** The texts of a draft in which letters matter. */
type TextKey = 'family' | 'given' | 'middle' | 'street' | 'city';

/** A sender's habit, applied to one patient. */
export function applyCharacters(draft: Draft, random: PopulationRandom): readonly string[] {
  const isCapital = random.chance(0.74);
  const isDamaged = NON_ASCII.test(draft.family + draft.given) && random.chance(0.035);
  // A system of the years of capitals knows no diacritics; few of the others leave them out.
  const isPlain = !isDamaged && random.chance(isCapital ? 0.9 : 0.06);
  const isGerman = random.chance(0.3);
  const damage = random.chance(0.6) ? utf8AsLatin1 : questionMarks;
  for (const key of ['family', 'given', 'middle', 'street', 'city'] as const satisfies readonly TextKey[]) {
    let text = draft[key];
    if (isPlain) text = withoutDiacritics(text, isGerman);
    if (isCapital && !(isDamaged && damage === utf8AsLatin1)) text = text.toUpperCase();
    draft[key] = isDamaged && (key === 'family' || key === 'given' || key === 'middle') ? damage(text) : text;
  }
  return isDamaged ? ['mojibake'] : [];
}

/** Everything in one component, as `FAMILY, GIVEN` or `FAMILY GIVEN`: the sender knows no carets. */
export function withoutCaret(draft: Draft, random: PopulationRandom): void {
  const names = [draft.family, draft.given].filter((name) => name !== '');
  draft.family = names.join(random.chance(0.6) ? ', ' : ' ');
  draft.given = draft.middle = '';
}

const NON_ASCII = /[^\0-\x7f]/;

/** `é` as `e`; with `isGerman` also `ü` as `ue`. */
function withoutDiacritics(text: string, isGerman: boolean): string {
  if (!NON_ASCII.test(text)) return text;
  const umlauts = isGerman ? text.replace(/[äöüÄÖÜ]/g, (letter) => UMLAUTS[letter] ?? letter) : text;
  return umlauts
    .replaceAll('ß', 'ss')
    .replaceAll('ı', 'i')
    .replaceAll('ł', 'l')
    .replaceAll('Ł', 'L')
    .normalize('NFD')
    .replace(/\p{M}/gu, '');
}

const UMLAUTS: Readonly<Record<string, string>> = { ä: 'ae', ö: 'oe', ü: 'ue', Ä: 'Ae', Ö: 'Oe', Ü: 'Ue' };

function utf8AsLatin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function questionMarks(text: string): string {
  return text.replace(/[^\0-\x7f]/gu, '?');
}
