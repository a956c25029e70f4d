/**
 * National and BIS numbers, each issued once: date of birth, a serial number that is odd for men, two check digits.
 */
import type { BirthDay, PersonSex } from './person.ts';
import type { PopulationRandom } from './random.ts';

/** How a number is made. `bis40` and `bis20`: for who is not in the national register, with known and unknown sex. */
export type NumberKind = 'national' | 'bis40' | 'bis20';

/** Issues numbers; no two are equal. */
export interface NumberIssuer {
  /** Eleven digits; undefined when every serial number of the day is taken. `unknownDay`: 00 for month and day. */
  issue(
    kind: NumberKind,
    born: BirthDay,
    sex: PersonSex,
    options?: { readonly unknownDay?: boolean },
  ): string | undefined;
}

/** An issuer that has issued none. */
export function createNumberIssuer(random: PopulationRandom): NumberIssuer {
  const issued = new Set<string>();
  return {
    issue(kind, born, sex, { unknownDay = false } = {}) {
      const added = kind === 'bis40' ? 40 : kind === 'bis20' ? 20 : 0;
      const month = (unknownDay ? 0 : born.month) + added;
      const date = twoDigits(born.year % 100) + twoDigits(month) + twoDigits(unknownDay ? 0 : born.day);
      const start = random.below(SERIALS_PER_SEX);
      for (let tried = 0; tried < SERIALS_PER_SEX; tried++) {
        const serial = 2 * ((start + tried) % SERIALS_PER_SEX) + (sex === 'M' ? 1 : 2);
        const number = withCheckDigits(date + `${serial}`.padStart(3, '0'), born.year);
        if (issued.has(number)) continue;
        issued.add(number);
        return number;
      }
      return undefined;
    },
  };
}

/** `85.07.30-033.28`. */
export function dottedNumber(number: string): string {
  return `${number.slice(0, 2)}.${number.slice(2, 4)}.${number.slice(4, 6)}-${number.slice(6, 9)}.${number.slice(9)}`;
}

/** 001 to 997 for men, 002 to 998 for women. */
const SERIALS_PER_SEX = 499;

function withCheckDigits(nine: string, year: number): string {
  const base = Number(nine) + (year >= 2000 ? 2_000_000_000 : 0);
  return nine + twoDigits(97 - (base % 97));
}

function twoDigits(value: number): string {
  return `${value}`.padStart(2, '0');
}
