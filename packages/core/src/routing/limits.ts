/** Limits of rule files, each with its reason. */

/** Most rules in a set: nobody can review more. */
export const MAX_RULES = 500;
/** Most conditions in a whole set, since each is evaluated for each study and destination. */
export const MAX_CONDITIONS = 2000;
/** Deepest nesting of all, any and not: deeper ones are not understood by whoever approves them. */
export const MAX_CONDITION_DEPTH = 8;
/** Most values in one condition. */
export const MAX_VALUES = 200;
/** Longest pattern, in characters: DICOM's longest matchable text is shorter. */
export const MAX_PATTERN_CHARACTERS = 200;
/** Longest value that is matched, in characters; what is behind is not looked at, as VR LO and PN end long before. */
export const MAX_VALUE_CHARACTERS = 1024;
/** Shortest opening of a schedule, in minutes: shorter ones would be missed by a queue that looks every few minutes. */
export const MIN_WINDOW_MINUTES = 15;
