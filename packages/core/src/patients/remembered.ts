/**
 * What was worked out of a text, kept for the next time: a registry has a few thousand given names, and half of its
 * patients bear one of a few thousand family names.
 */

/** Answers kept in each of two halves; the older half goes when the newer one is full. */
const MOST_KEPT = 8_192;
/** A longer text is hostile rather than a name, and is not kept. */
const LONGEST_KEPT = 64;

/** The same function with a memory; answers are shared and must not be changed. */
export function remembered<T>(work: (text: string) => T): (text: string) => T {
  let newer = new Map<string, T>();
  let older = new Map<string, T>();
  return (text) => {
    const kept = newer.get(text) ?? older.get(text);
    if (kept !== undefined) return kept;
    const made = work(text);
    if (text.length > LONGEST_KEPT) return made;
    if (newer.size >= MOST_KEPT) {
      older = newer;
      newer = new Map();
    }
    newer.set(text, made);
    return made;
  };
}
