/**
 * The registry of the hospital: its patients as they were written down over the years, some of them twice.
 */
import type { LocalPatient } from '@interhosp/core/study';
import { draftOf, NEWBORN_PLACEHOLDERS, otherSex, traitsOf, type Draft } from './draft.ts';
import type { Person } from './person.ts';
import { abbreviatedStreet, homeIn, streetInOtherLanguage, writtenPhone } from './places.ts';
import type { PopulationRandom } from './random.ts';
import { withTypingError, withWrongDigit } from './typing.ts';

/** How well the registry is kept. */
export interface RegistryOptions {
  /** Share of those with a national number for whom it is known here. */
  readonly numberInRegistry: number;
  /** Records that are somebody's second. */
  readonly duplicateCount: number;
  /** Multiplies the rates of typing errors. */
  readonly errors: number;
}

/** The records, and which of them are of whom. */
export interface Registry {
  readonly records: readonly LocalPatient[];
  /** Local IDs by position of the person in the population; several when registered twice. */
  readonly idsOf: ReadonlyMap<number, readonly string[]>;
  /** Persons of whom a record has typing errors. */
  readonly badlyRecorded: ReadonlySet<number>;
}

/** Writes the registered persons down. */
export function writeRegistry(
  registered: readonly Person[],
  random: PopulationRandom,
  options: RegistryOptions,
): Registry {
  const badlyRecorded = new Set<number>();
  const first = registered.map((person) => ({ person, draft: firstRecord(person) }));
  const second = Array.from({ length: registered.length === 0 ? 0 : options.duplicateCount }, () => {
    const person = random.pick(registered);
    return { person, draft: secondRecord(person) };
  });
  // Where the second record stands must not tell that it is one.
  for (const record of second) first.splice(random.below(first.length + 1), 0, record);

  const idsOf = new Map<number, string[]>();
  const records = first.map(({ person, draft }, index): LocalPatient => {
    const id = `R${`${index + 1}`.padStart(7, '0')}`;
    idsOf.set(person.index, [...(idsOf.get(person.index) ?? []), id]);
    return { ...traitsOf(draft), patientId: { id, issuer: LOCAL_ISSUER } };
  });
  return { records, idsOf, badlyRecorded };

  function firstRecord(person: Person): Draft {
    const draft = draftOf(person);
    writeName(draft, person, random);
    writeNumber(draft, person);
    writeAddress(draft, person, random);
    if (random.chance(0.001)) draft.sex = random.chance(0.3) ? '' : 'O';
    if (random.chance(0.000_15)) draft.birthDate = '';
    if (random.chance(BAD_RECORD_RATE * options.errors)) makeTypingErrors(draft, person);
    return draft;
  }

  function secondRecord(person: Person): Draft {
    const draft = firstRecord(person);
    if (random.chance(0.6)) draft.nationalNumber = '';
    else makeTypingErrors(draft, person);
    return draft;
  }

  function writeNumber(draft: Draft, person: Person): void {
    // A newborn has its number after some weeks only.
    const share = person.isNewborn ? 0.6 * options.numberInRegistry : options.numberInRegistry;
    if (!random.chance(share)) draft.nationalNumber = '';
    else if (person.earlierNumber !== undefined && random.chance(0.3)) draft.nationalNumber = person.earlierNumber;
    else if (draft.nationalNumber !== '' && random.chance(WRONG_NUMBER_RATE * options.errors)) {
      draft.nationalNumber = withWrongDigit(draft.nationalNumber, random);
    }
  }

  function makeTypingErrors(draft: Draft, person: Person): void {
    badlyRecorded.add(person.index);
    const kind = random.unit();
    if (kind < 0.35) draft.family = withTypingError(draft.family, random);
    else if (kind < 0.7) draft.given = withTypingError(draft.given, random);
    else if (kind < 0.8) draft.birthDate = withWrongDay(draft.birthDate, random);
    else if (kind < 0.86) [draft.family, draft.given] = [draft.given, draft.family];
    else if (kind < 0.92) draft.sex = otherSex(person.sex);
    if (kind >= 0.92 || random.chance(0.3)) draft.street = withTypingError(draft.street, random);
  }
}

/** A neighbouring day, month or year. */
export function withWrongDay(birthDate: string, random: PopulationRandom): string {
  const at = random.pick([3, 6, 8, 9]);
  const limit = at === 6 ? 1 : at === 8 ? 2 : 9;
  const other = (Number(birthDate[at]) + random.between(1, limit)) % (limit + 1);
  const wrong = birthDate.slice(0, at) + `${other}` + birthDate.slice(at + 1);
  const [year = 0, month = 0, day = 0] = wrong.split('-').map(Number);
  const isDay = month >= 1 && month <= 12 && day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
  return isDay ? wrong : `${birthDate.slice(0, 8)}${birthDate.endsWith('15') ? '14' : '15'}`;
}

/** Issuer of the local IDs. */
const LOCAL_ISSUER = 'URN:LOCAL';
/** Of records, with `errors` 1. */
const BAD_RECORD_RATE = 0.012;
/** Of numbers, with `errors` 1. */
const WRONG_NUMBER_RATE = 0.000_5;

function writeName(draft: Draft, person: Person, random: PopulationRandom): void {
  if (person.isNewborn && random.chance(0.25)) draft.given = random.pick(NEWBORN_PLACEHOLDERS[person.sex]);
  else if (random.chance(0.001)) draft.given = draft.given.slice(0, 1);
  if (random.chance(0.12)) draft.middle = '';
  else if (random.chance(0.14)) draft.middle = initialsOf(draft.middle);
  if (draft.family.includes(' ') && random.chance(0.1)) draft.family = draft.family.replaceAll(' ', '');
}

function writeAddress(draft: Draft, person: Person, random: PopulationRandom): void {
  // People move, and not all say so.
  const home = random.chance(0.1) ? homeIn(person.home.town.region, random) : person.home;
  const { town } = home;
  const street = random.chance(0.03) ? streetInOtherLanguage(home.street) : home.street;
  draft.street = `${random.chance(0.1) ? abbreviatedStreet(street) : street} ${home.house}`;
  draft.postcode = town.postcode;
  draft.city = random.chance(town.region === 'brussels' ? 0.35 : 0.03) ? town.otherName : town.name;
  if (random.chance(0.02)) {
    draft.street = '';
    if (random.chance(0.6)) draft.postcode = draft.city = '';
  }
  draft.phone = random.chance(0.15) ? '' : writtenPhone(draft.phone, random);
}

/** `Marie Anne` as `M A`. */
export function initialsOf(names: string): string {
  return names
    .split(' ')
    .map((name) => name.slice(0, 1))
    .join(' ');
}
