/**
 * What happens to number, birth date, sex, address and telephone between two hospitals. Each function changes the draft
 * and returns the tags of what it did.
 */
import { otherSex, type Draft } from './draft.ts';
import { dottedNumber } from './national-numbers.ts';
import type { Person } from './person.ts';
import { abbreviatedStreet, homeIn, phoneNumber, streetInOtherLanguage, writtenPhone } from './places.ts';
import type { PopulationRandom } from './random.ts';
import { withWrongDay } from './registry.ts';
import { withTypingError, withWrongDigit } from './typing.ts';

/** Rates that the caller sets. */
export interface TraitOptions {
  /** Share of arrivals with a national number, of those whose person has one. */
  readonly numberInArrivals: number;
  /** Multiplies borrowed numbers. */
  readonly stress: number;
  /** Multiplies typing errors; a careless clerk's is higher. */
  readonly errors: number;
}

/** Numbers that fields are filled with when there is none. */
const PLACEHOLDER_NUMBERS = ['00000000000', '11111111111', '99999999999', '00000000097'];

/** The national number of the arrival: missing, borrowed, mistyped or as it is. */
export function damageNumber(
  draft: Draft,
  person: Person,
  relatives: readonly Person[],
  random: PopulationRandom,
  options: TraitOptions,
): readonly string[] {
  const tags: string[] = person.nationalNumber === undefined ? ['no-niss'] : [];
  const mother = relatives.find((relative) => relative.index === person.motherIndex);
  const hasOwn = person.nationalNumber !== undefined && (!person.isNewborn || random.chance(0.6));
  draft.nationalNumber = person.nationalNumber ?? '';
  if (!hasOwn || !random.chance(options.numberInArrivals)) {
    draft.nationalNumber = '';
    if (tags.length === 0) tags.push('niss-missing');
    if (options.numberInArrivals > 0 && random.chance(0.0125)) {
      draft.nationalNumber = random.pick(PLACEHOLDER_NUMBERS);
      tags.push('niss-placeholder');
    }
  } else if (person.earlierNumber !== undefined && random.chance(0.4)) {
    draft.nationalNumber = person.earlierNumber;
  }
  if (person.earlierNumber !== undefined || isBis(person.nationalNumber)) tags.push('bis');
  if (options.numberInArrivals > 0) borrowNumber();
  if (draft.nationalNumber === person.nationalNumber && random.chance(0.004 * options.errors)) {
    draft.nationalNumber = withWrongDigit(draft.nationalNumber, random);
    tags.push('niss-typo');
  }
  if (draft.nationalNumber !== '' && random.chance(0.25)) draft.nationalNumber = dottedNumber(draft.nationalNumber);
  return tags;

  function borrowNumber(): void {
    const isNewborn = person.isNewborn && mother?.nationalNumber !== undefined;
    if (isNewborn && random.chance(Math.min(0.5, 0.15 * options.stress))) {
      draft.nationalNumber = mother.nationalNumber ?? '';
      tags.push('mothers-niss');
      return;
    }
    const others = relatives.filter(
      ({ index, nationalNumber }) => index !== person.index && nationalNumber !== undefined,
    );
    if (others.length === 0 || !random.chance(0.0025 * options.stress)) return;
    draft.nationalNumber = random.pick(others).nationalNumber ?? '';
    tags.push('relatives-niss');
  }
}

/** The birth date: missing, mistyped, of another year, day and month swapped, or 1 January. */
export function damageBirthDate(draft: Draft, random: PopulationRandom, errors: number): readonly string[] {
  const [year = '', month = '', day = ''] = draft.birthDate.split('-');
  const draw = random.unit();
  if (draw < 0.0025) {
    draft.birthDate = '';
    return ['dob-missing'];
  }
  if (draw < 0.006) {
    if (draft.birthDate.endsWith('-01-01')) return [];
    draft.birthDate = `${year}-01-01`;
    return ['dob-0101'];
  }
  if (random.chance(0.0075 * errors)) {
    draft.birthDate = withWrongDay(draft.birthDate, random);
    return ['dob-digit'];
  }
  if (random.chance(0.0013 * errors)) {
    // A year in the future would be seen at once.
    const wrongYear = Number(year) + random.pick(year < '2012' ? [-10, -1, 1, 10] : [-10, -1]);
    draft.birthDate = `${wrongYear}-${month}-${month === '02' && day === '29' ? '28' : day}`;
    return ['dob-year'];
  }
  if (day <= '12' && day !== month && random.chance(0.0045 * errors)) {
    draft.birthDate = `${year}-${day}-${month}`;
    return ['dob-dm-swap'];
  }
  return [];
}

/** The sex: missing, the other one, or `O`. */
export function damageSex(draft: Draft, person: Person, random: PopulationRandom): readonly string[] {
  const draw = random.unit();
  if (draw < 0.0095) {
    draft.sex = '';
    return ['sex-missing'];
  }
  if (draw < 0.0175) {
    draft.sex = otherSex(person.sex);
    return ['sex-flip'];
  }
  if (draw < 0.021) {
    draft.sex = 'O';
    return ['sex-O'];
  }
  return [];
}

/** Address and telephone: another one, none, and the sender's way of writing them. */
export function damageAddress(
  draft: Draft,
  person: Person,
  random: PopulationRandom,
  errors: number,
): readonly string[] {
  const tags: string[] = [];
  const isMoved = random.chance(0.066);
  if (isMoved) tags.push('moved');
  const { town, ...home } = isMoved ? homeIn(person.home.town.region, random) : person.home;
  const street = random.chance(0.03) ? streetInOtherLanguage(home.street) : home.street;
  const written = random.chance(0.15) ? abbreviatedStreet(street) : street;
  draft.street = `${random.chance(0.01 * errors) ? withTypingError(written, random) : written} ${home.house}`;
  draft.postcode = town.postcode;
  draft.city = random.chance(town.region === 'brussels' ? 0.3 : 0.05) ? town.otherName : town.name;
  if (random.chance(0.28)) {
    tags.push('addr-missing');
    draft.street = '';
    if (random.chance(0.58)) draft.postcode = draft.city = '';
  }
  draft.phone = random.chance(0.45) ? '' : writtenPhone(phoneOf(person, random), random);
  return tags;
}

function phoneOf({ phone, householdPhone }: Person, random: PopulationRandom): string {
  const draw = random.unit();
  return draw < 0.8 ? phone : draw < 0.9 ? householdPhone : phoneNumber('mobile', random);
}

function isBis(number: string | undefined): boolean {
  return number !== undefined && Number(number.slice(2, 4)) >= 20;
}
