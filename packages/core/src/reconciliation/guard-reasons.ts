/**
 * Why a person must decide, whatever the score: reconciliation.md 5 in stable codes. They are recorded with decisions
 * and shown first in explanations.
 */

/** All guards, in the order in which they are shown. */
export const GUARD_REASONS = [
  /** Both national numbers are valid and different. */
  'numbers-differ',
  /** A BIS and a national number with one birth date, and too little beside it. */
  'number-changed',
  /** The number contradicts the birth date or sex beside it, and too little agrees otherwise. */
  'number-doubted',
  /** The numbers are equal, the persons look different. */
  'number-of-another',
  /** The arrival's number is registered with somebody else than the best candidate. */
  'number-elsewhere',
  /** The number stands on several persons of the registry. */
  'number-shared',
  /** The arrival carries our own Patient ID of somebody else, or name or birth date contradict it. */
  'local-id-contradicted',
  /** Given names that are not one person's: may be a twin. */
  'given-names-differ',
  /** A given name one typing error away, without an identifier: may be a twin. */
  'given-name-near',
  /** Family names that differ, without an identifier. */
  'family-names-differ',
  /** A name or a part of it is missing, without an identifier. */
  'name-incomplete',
  /** Somebody else in the registry has this family name and birth date. */
  'sibling',
  /** Baby, NN, inconnu: no name. */
  'placeholder-name',
  /** 1900-01-01: no birth date. */
  'placeholder-birth-date',
  /** Born less than sixty days ago, or dated ahead. */
  'newborn',
  /** No usable birth date on one side, without an identifier. */
  'birth-date-missing',
  /** Birth dates that differ, with too little beside them. */
  'birth-date-differs',
  /** A name that several persons bear, without an identifier or one more trait that agrees. */
  'homonym',
  /** Two registered patients that look like one person. */
  'duplicate-record',
  /** More candidates than can be compared. */
  'too-many-candidates',
  /** Nobody is near, and too little is known of the arrival to call it new. */
  'too-little-known',
] as const;

/** A guard. */
export type GuardReason = (typeof GUARD_REASONS)[number];
