/** Comparison of names, from their forms to a level of agreement. */
import { isParticle, type NameForms } from '../patients/index.ts';
import { isNeighbourSwap, jaroWinkler, swapAwareDistance } from './distance.ts';
import { areGivenNameVariants } from './given-name-variants.ts';
import type { LevelOf } from './levels.ts';
import { isOwnGivenName } from './own-given-names.ts';

/** Below this length one edit makes another family name. */
const SHORTEST_EDITED = 4;
/** A given name of three letters may be mistyped too; `near` alone never links. */
const SHORTEST_EDITED_GIVEN = 3;
/** From this length a single edit inside a given name seldom makes another name. */
const LONG_GIVEN = 7;
/** From this length two edits are still typing errors. */
const LONG_NAME = 9;
/** A PACS or a form cuts long names; a shorter beginning is shared by unrelated families. */
const SHORTEST_CUT = 8;
const SIMILAR = 0.88;

/** Compares family names; particles, glue, order and halves of double names are spelling, not difference. */
export function compareFamily(left: NameForms, right: NameForms): LevelOf<'family'> {
  if (left.glued === '' || right.glued === '') return 'missing';
  if (left.glued === right.glued) return 'exact';
  if (left.folded === right.folded || left.cores.join('') === right.cores.join('')) return 'near';
  if (isGluedParticle(left, right) || isGluedParticle(right, left)) return 'near';
  if (isFewEdits(left.glued, right.glued, SHORTEST_EDITED)) return 'near';
  if (sharesWholeUnits(left, right) || isCut(left.glued, right.glued)) return 'token';
  return isSimilar(left.glued, right.glued) || sharesAUnit(left, right) ? 'similar' : 'differ';
}

/** Compares given names, each with the middle names beside it. */
export function compareGiven(
  left: NameForms,
  right: NameForms,
  middles: readonly [NameForms, NameForms],
): LevelOf<'given'> {
  if (left.glued === '' || right.glued === '') return 'missing';
  if (left.glued === right.glued) return 'exact';
  if (isOtherSpelling(left, right)) return 'spelling';
  if (isInitial(left, right) || isInitial(right, left)) return 'initial';
  if (isVariant(left, right) || isClipped(left.glued, right.glued)) return 'variant';
  if (isSubset(left.tokens, right.tokens) || isSubset(right.tokens, left.tokens)) return 'part';
  if (isFewEdits(left.glued, right.glued, SHORTEST_EDITED_GIVEN)) return 'near';
  const [leftMiddle, rightMiddle] = middles;
  const isExchanged = rightMiddle.glued === left.glued && leftMiddle.glued === right.glued;
  if (isExchanged && left.glued.length > 1 && right.glued.length > 1) return 'exchanged';
  if (rightMiddle.tokens.includes(left.glued) || leftMiddle.tokens.includes(right.glued)) return 'middle';
  return isSimilar(left.glued, right.glued) ? 'similar' : 'differ';
}

/** Compares middle names as sets; an initial stands for any name it begins. */
export function compareMiddle(left: NameForms, right: NameForms): LevelOf<'middle'> {
  if (left.glued === '' || right.glued === '') return 'missing';
  if (left.glued === right.glued && left.glued.length > 1) return 'exact';
  if (left.tokens.some((token) => token.length > 1 && right.tokens.includes(token))) return 'part';
  const first = left.tokens[0]?.[0];
  const initials = [...left.tokens, ...right.tokens].some((token) => token.length === 1);
  return initials && first === right.tokens[0]?.[0] ? 'initial' : 'differ';
}

/** LaFiitano for Fiitano: a particle that was glued to the name cannot be told from it without the other writing. */
function isGluedParticle(long: NameForms, short: NameForms): boolean {
  if (short.glued.length < SHORTEST_EDITED || !long.glued.endsWith(short.glued)) return false;
  return isParticle(long.glued.slice(0, -short.glued.length));
}

function isFewEdits(left: string, right: string, shortest: number): boolean {
  const shorter = Math.min(left.length, right.length);
  if (shorter < shortest || Math.abs(left.length - right.length) > 2) return false;
  return swapAwareDistance(left, right) <= (shorter >= LONG_NAME ? 2 : 1);
}

/** Beattriz, Stefanie for Stephanie, Nciolas, Veroniqe: no parent chooses such a pair for twins. */
function isOtherSpelling(left: NameForms, right: NameForms): boolean {
  if (left.folded === right.folded) return left.folded.length >= 3;
  if (left.glued.length > SHORTEST_EDITED && isNeighbourSwap(left.glued, right.glued)) return true;
  // Valérie and Valeria, Francis and Frances differ at the end; Noa and Noah are short.
  const isLong = Math.min(left.glued.length, right.glued.length) >= LONG_GIVEN;
  const sameEnds = left.glued[0] === right.glued[0] && left.glued.slice(-2) === right.glued.slice(-2);
  return isLong && sameEnds && swapAwareDistance(left.glued, right.glued) === 1;
}

/** S. for Sabrina, JC for Jean-Claude. */
function isInitial(short: NameForms, long: NameForms): boolean {
  if (short.glued.length === 1) return short.glued === long.glued[0];
  return long.tokens.length > 1 && short.glued === long.tokens.map((token) => token[0]).join('');
}

function isVariant(left: NameForms, right: NameForms): boolean {
  if (areGivenNameVariants(left.glued, right.glued)) return true;
  const [first = '', second = ''] = [left.tokens[0], right.tokens[0]];
  return left.tokens.length === 1 && right.tokens.length === 1 && areGivenNameVariants(first, second);
}

/** Nath for Nathalie; Ann beside Annelies, and Noa beside Noah, are two names. */
function isClipped(left: string, right: string): boolean {
  const [short, long] = left.length < right.length ? [left, right] : [right, left];
  return short.length >= 3 && long.length >= short.length + 2 && long.startsWith(short) && !isOwnGivenName(short);
}

/** A list of names, any of which may be the right one, is nobody's. */
const MOST_GIVEN = 3;

function isSubset(few: readonly string[], many: readonly string[]): boolean {
  return (
    few.length < many.length &&
    many.length <= MOST_GIVEN &&
    few.every((token) => token.length > 1 && many.includes(token))
  );
}

/** Every unit of the shorter name is in the longer one, with or without its particles. */
function sharesWholeUnits(left: NameForms, right: NameForms): boolean {
  const [few, many] = left.units.length <= right.units.length ? [left, right] : [right, left];
  if (few.units.length === 0) return false;
  const known = new Set([...many.units, ...many.cores]);
  return few.units.every((unit, index) => unit.length > 2 && (known.has(unit) || known.has(few.cores[index] ?? '')));
}

function sharesAUnit(left: NameForms, right: NameForms): boolean {
  return left.units.some((unit) => unit.length > 2 && right.units.includes(unit));
}

function isCut(left: string, right: string): boolean {
  const [short, long] = left.length < right.length ? [left, right] : [right, left];
  return short.length >= SHORTEST_CUT && long.startsWith(short);
}

function isSimilar(left: string, right: string): boolean {
  return Math.min(left.length, right.length) >= SHORTEST_EDITED && jaroWinkler(left, right) >= SIMILAR;
}
