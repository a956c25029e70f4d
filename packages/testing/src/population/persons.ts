/**
 * Makes single persons of a population: their number, names, birth date and telephone.
 */
import { givenNameOf } from './given-names.ts';
import { createNumberIssuer } from './national-numbers.ts';
import type { BirthDay, Person, PersonSex } from './person.ts';
import { phoneNumber, type Home } from './places.ts';
import type { PopulationRandom } from './random.ts';
import { feminineSurname, surnameOf, type Origin } from './surnames.ts';

/** What of a person is given; the rest is drawn. */
export interface PersonWish {
  readonly familyIndex: number;
  readonly origin: Origin;
  readonly sex: PersonSex;
  readonly born: BirthDay;
  readonly family: string;
  readonly given?: string;
  readonly home: Home;
  readonly householdPhone: string;
  readonly isNewborn?: boolean;
  readonly marriedName?: string;
  readonly motherIndex?: number;
}

/** Makes persons and keeps them in order. */
export interface PersonMaker {
  readonly persons: Person[];
  add(wish: PersonWish): Person;
  /** Says of two persons that they are twins. */
  pairTwins(first: Person, second: Person): void;
}

/** A maker with nobody yet. */
export function createPersonMaker(random: PopulationRandom, nowYear: number): PersonMaker {
  const persons: Person[] = [];
  const issuer = createNumberIssuer(random);
  return {
    persons,
    add(wish) {
      const { origin, sex, home, householdPhone } = wish;
      const isDayUnknown = LATE_REGISTERED.includes(origin) && wish.born.year < 1975 && random.chance(0.06);
      const born = isDayUnknown ? { ...wish.born, month: 1, day: 1 } : wish.born;
      const given = wish.given ?? givenNameOf(origin, sex, born.year, random);
      const person: Person = {
        ...wish,
        index: persons.length,
        given,
        middle: middleNames(wish, given, random),
        born,
        isDayUnknown,
        isNewborn: wish.isNewborn ?? false,
        ...numbersOf(wish, born, isDayUnknown),
        phone: usesHouseholdPhone(nowYear - born.year, random) ? householdPhone : phoneNumber('mobile', random),
        home,
      };
      persons.push(person);
      return person;
    },
    pairTwins(first, second) {
      persons[first.index] = { ...first, twinIndex: second.index };
      persons[second.index] = { ...second, twinIndex: first.index };
    },
  };

  function numbersOf(wish: PersonWish, born: BirthDay, isDayUnknown: boolean): Partial<Person> {
    if (wish.home.town.region === 'abroad' && random.chance(0.83)) return {};
    const isForeign = !BELGIAN.includes(wish.origin);
    // Of a BIS number with unknown sex the parity means nothing, so that half of them contradict it.
    const bisKind = random.chance(0.15) ? 'bis20' : 'bis40';
    const bisSex = bisKind === 'bis20' && random.chance(0.5) ? 'M' : wish.sex;
    const bis = random.chance(isForeign ? 0.02 : 0.0015) ? issuer.issue(bisKind, born, bisSex) : undefined;
    if (bis !== undefined && random.chance(0.5)) return { nationalNumber: bis };
    // Some of those whose birthday is not known were given the first of January in the number too.
    const unknownDay = isDayUnknown && random.chance(0.6);
    const number = issuer.issue('national', born, wish.sex, { unknownDay });
    return {
      ...(number === undefined ? {} : { nationalNumber: number }),
      ...(bis === undefined ? {} : { earlierNumber: bis }),
    };
  }
}

/** A day of that year. */
export function dayIn(year: number, random: PopulationRandom): BirthDay {
  const month = random.between(1, 12);
  return { year, month, day: random.between(1, new Date(Date.UTC(year, month, 0)).getUTCDate()) };
}

/** The surname of an adult of this origin: double for most of Spain and Portugal, rarely so elsewhere. */
export function adultSurname(origin: Origin, sex: PersonSex, random: PopulationRandom): string {
  const surname = surnameOf(origin, random);
  const own = sex === 'F' && random.chance(0.6) ? feminineSurname(surname) : surname;
  if (!random.chance(origin === 'es' || origin === 'pt' ? 0.35 : 0.02)) return own;
  return `${own}${random.chance(0.4) ? '-' : ' '}${surnameOf(origin, random)}`;
}

const BELGIAN: readonly Origin[] = ['fr', 'nl', 'de'];
/** Origins where births were long not registered by day. */
const LATE_REGISTERED: readonly Origin[] = ['tr', 'ar', 'cd'];

function middleNames(wish: PersonWish, given: string, random: PopulationRandom): string[] {
  const draw = random.unit();
  const count = wish.isNewborn || draw < 0.5 ? 0 : draw < 0.88 ? 1 : draw < 0.98 ? 2 : 3;
  const names = Array.from({ length: count }, () =>
    // Named after an ancestor: of the same origin, a generation or two older.
    givenNameOf(wish.origin, wish.sex, wish.born.year - random.between(0, 50), random),
  );
  return [...new Set(names)].filter((name) => name !== given);
}

function usesHouseholdPhone(age: number, random: PopulationRandom): boolean {
  return random.chance(age < 18 ? 0.9 : age > 70 ? 0.6 : 0.3);
}
