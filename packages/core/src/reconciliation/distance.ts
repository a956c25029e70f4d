/**
 * Distances between short strings: edits with neighbour swaps, which are among the commonest typing errors, and
 * Jaro-Winkler. Both work in rows that are allocated once; strings are at most {@link MOST_COMPARED} characters.
 */
import levenshtein from 'fast-levenshtein';

/** A PN component group has at most 64 characters (PS3.5 6.2); what is longer is compared by its beginning. */
export const MOST_COMPARED = 64;

const ROW = MOST_COMPARED + 1;
let previousRow = new Uint8Array(ROW);
let currentRow = new Uint8Array(ROW);
let rowBeforePrevious = new Uint8Array(ROW);
const matchedLeft = new Uint8Array(MOST_COMPARED);
const matchedRight = new Uint8Array(MOST_COMPARED);

/** Insertions, deletions and substitutions (Levenshtein), for addresses and other long text. */
export function editDistance(left: string, right: string): number {
  return levenshtein.get(left.slice(0, MOST_COMPARED), right.slice(0, MOST_COMPARED));
}

/**
 * Insertions, deletions, substitutions and swaps of neighbours, each 1 (optimal string alignment: no part is edited
 * twice). Symmetric; 0 only for equal strings.
 */
export function swapAwareDistance(leftText: string, rightText: string): number {
  const left = leftText.slice(0, MOST_COMPARED);
  const right = rightText.slice(0, MOST_COMPARED);
  for (let column = 0; column <= right.length; column++) previousRow[column] = column;
  for (let row = 1; row <= left.length; row++) {
    fillRow(left, right, row);
    [rowBeforePrevious, previousRow, currentRow] = [previousRow, currentRow, rowBeforePrevious];
  }
  return previousRow[right.length] ?? 0;
}

/** Jaro-Winkler similarity, 0 to 1, with a prefix of at most four characters weighing 0.1 each. */
export function jaroWinkler(leftText: string, rightText: string): number {
  const left = leftText.slice(0, MOST_COMPARED);
  const right = rightText.slice(0, MOST_COMPARED);
  if (left === right) return left === '' ? 0 : 1;
  const matches = markMatches(left, right);
  if (matches === 0) return 0;
  const jaro =
    (matches / left.length + matches / right.length + (matches - swapsAmongMatches(left, right)) / matches) / 3;
  let prefix = 0;
  while (prefix < 4 && prefix < left.length && left[prefix] === right[prefix]) prefix++;
  return jaro + prefix * 0.1 * (1 - jaro);
}

/** Whether the strings differ by one swap of neighbouring characters and nothing else. */
export function isNeighbourSwap(left: string, right: string): boolean {
  if (left.length !== right.length || left === right) return false;
  let at = 0;
  while (left[at] === right[at]) at++;
  return left[at] === right[at + 1] && left[at + 1] === right[at] && left.slice(at + 2) === right.slice(at + 2);
}

function fillRow(left: string, right: string, row: number): void {
  currentRow[0] = row;
  for (let column = 1; column <= right.length; column++) {
    const same = left[row - 1] === right[column - 1];
    let least = Math.min(
      (previousRow[column] ?? 0) + 1,
      (currentRow[column - 1] ?? 0) + 1,
      (previousRow[column - 1] ?? 0) + (same ? 0 : 1),
    );
    if (row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]) {
      least = Math.min(least, (rowBeforePrevious[column - 2] ?? 0) + 1);
    }
    currentRow[column] = least;
  }
}

function markMatches(left: string, right: string): number {
  matchedLeft.fill(0, 0, left.length);
  matchedRight.fill(0, 0, right.length);
  const reach = Math.max(0, Math.floor(Math.max(left.length, right.length) / 2) - 1);
  let matches = 0;
  for (let at = 0; at < left.length; at++) {
    const end = Math.min(right.length, at + reach + 1);
    for (let other = Math.max(0, at - reach); other < end; other++) {
      if (matchedRight[other] === 1 || left[at] !== right[other]) continue;
      matchedLeft[at] = 1;
      matchedRight[other] = 1;
      matches++;
      break;
    }
  }
  return matches;
}

/** Half the number of matched characters that stand in another order. */
function swapsAmongMatches(left: string, right: string): number {
  let outOfOrder = 0;
  let other = 0;
  for (let at = 0; at < left.length; at++) {
    if (matchedLeft[at] === 0) continue;
    while (matchedRight[other] === 0) other++;
    if (left[at] !== right[other]) outOfOrder++;
    other++;
  }
  return outOfOrder / 2;
}
