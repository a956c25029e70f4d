/**
 * A person of the synthetic population, as an official who knows everything would write her down.
 */
import type { Home } from './places.ts';
import type { Origin } from './surnames.ts';

/** The sex on the identity card. */
export type PersonSex = 'M' | 'F';

/** A day; month and day count from 1. */
export interface BirthDay {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** Someone who may be registered, arrive, both or neither. */
export interface Person {
  /** Position in the population. */
  readonly index: number;
  /** Who has the same number here is a relative. */
  readonly familyIndex: number;
  readonly origin: Origin;
  readonly family: string;
  readonly given: string;
  /** None to three. */
  readonly middle: readonly string[];
  readonly sex: PersonSex;
  readonly born: BirthDay;
  /** Only the year of birth is known; `born` says 1 January. */
  readonly isDayUnknown: boolean;
  /** Born in the weeks before the day of the sample. */
  readonly isNewborn: boolean;
  /** National or BIS number; absent for who has none. */
  readonly nationalNumber?: string;
  /** BIS number before the national one. */
  readonly earlierNumber?: string;
  /** Surname of the husband. */
  readonly marriedName?: string;
  readonly home: Home;
  /** Own mobile, or the line of the household. */
  readonly phone: string;
  readonly householdPhone: string;
  /** Position of the twin. */
  readonly twinIndex?: number;
  readonly motherIndex?: number;
}

/** `YYYY-MM-DD`. */
export function writtenDay({ year, month, day }: BirthDay): string {
  return `${year}-${`${month}`.padStart(2, '0')}-${`${day}`.padStart(2, '0')}`;
}
