/** What an index says of itself, in its one row of that name; written with every change. */
import type { NATIONAL_NUMBER_RULES } from '@interhosp/core/patients';
import type { RowSum } from './index-rows.ts';

/** Raised when records are packed otherwise; an index of another version is emptied, since nobody can read them. */
export const RECORD_VERSION = 1;

/** Rules of national numbers by their name. */
export type RulesName = keyof typeof NATIONAL_NUMBER_RULES;

/** See the file's head. */
export interface IndexMeta {
  readonly recordVersion: number;
  /** See `keysVersion`; another one, and keys and names are made anew from the records. */
  readonly keysVersion: string;
  /** Under which national numbers were indexed. */
  readonly rules: RulesName;
  /** Number of the change that wrote this; see head-file.ts. */
  readonly change: number;
  /** Patients. */
  readonly size: number;
  /** Patients with a name. */
  readonly named: number;
  /** Never given to anybody. */
  readonly nextSlot: number;
  /** Of records and of IDs that lead elsewhere. */
  readonly truth: RowSum;
  /** Of keys and names; means nothing while they are unfinished. */
  readonly derived: RowSum;
  /** Keys and names are being written: one that is found so is made anew. */
  readonly isUnfinished: boolean;
  /** Records were lost: nobody is answered until all have come again. */
  readonly isIncomplete: boolean;
}

/** As bytes. */
export function packMeta(meta: IndexMeta): Uint8Array {
  return Buffer.from(JSON.stringify(meta), 'utf8');
}

/** Reverses {@link packMeta}. */
export function unpackMeta(bytes: Uint8Array): IndexMeta {
  return JSON.parse(Buffer.from(bytes).toString('utf8')) as IndexMeta;
}

/** Whether two sums are of the same rows. */
export function sameSum(one: RowSum, other: RowSum): boolean {
  return one.count === other.count && one.sum === other.sum;
}
