/** Limits and defaults of the directory over a PACS, each with its reason. */

/** Answers of one search that are looked at. On one day of a century some hundred patients of a large hospital were born. */
export const MOST_ANSWERS = 2_000;
/** Time for all searches of one question. */
export const ANSWER_WITHIN_MS = 60_000;
/** Letters of a given name that are searched with a family name, since initials and second names differ. */
export const GIVEN_LETTERS = 1;
