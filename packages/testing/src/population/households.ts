/**
 * Makes families: couples, children, twins, grandparents of one surname; some live together, others moved out.
 */
import { givenNameOf, twinNames } from './given-names.ts';
import type { BirthDay, Person, PersonSex } from './person.ts';
import { adultSurname, dayIn, type PersonMaker, type PersonWish } from './persons.ts';
import { homeIn, phoneNumber, type Home, type Region } from './places.ts';
import type { PopulationRandom } from './random.ts';
import { feminineSurname, type Origin } from './surnames.ts';

/** What the families of a population are like. */
export interface FamilyOptions {
  /** Day of the sample, in milliseconds since 1970. */
  readonly nowMs: number;
  /** Share of families of another language region or abroad. */
  readonly far: number;
  /** Multiplies twins, homonyms and newborns. */
  readonly stress: number;
}

/** Adds one family and returns its members. */
export function addFamily(maker: PersonMaker, random: PopulationRandom, options: FamilyOptions): readonly Person[] {
  const region = regionOf(options.far, random);
  const origin = originIn(region, random);
  const lineage: Lineage = { familyIndex: maker.persons.length, region, origin, options, maker, random };
  const start = maker.persons.length;
  const namesake = start > 0 && random.chance(HOMONYM_RATE * options.stress) ? namesakeIn(lineage) : undefined;
  if (namesake === undefined) addKin(lineage);
  else addHomonym(lineage, namesake);
  return maker.persons.slice(start);
}

/** Of families, at stress 1. */
const HOMONYM_RATE = 0.012;
/** Of homonyms: one pair in some ten thousand persons, as hospitals see them. */
const SAME_DAY_RATE = 0.04;
/** Pairs that are drawn until a surname is found twice. */
const NAMESAKE_DRAWS = 2_000;
/** Of births, at stress 1. */
const TWIN_RATE = 0.018;
/** Of twins of one sex: names a letter or two apart. Most parents who want names to go together take one initial. */
const ALIKE_RATE = 0.06;
/** Of families, at stress 1. */
const NEWBORN_RATE = 0.036;
const NEWBORN_DAYS = 55;
const DAY_MS = 86_400_000;

interface Lineage {
  readonly familyIndex: number;
  readonly region: Region;
  readonly origin: Origin;
  readonly options: FamilyOptions;
  readonly maker: PersonMaker;
  readonly random: PopulationRandom;
}

interface Couple {
  readonly surname: string;
  readonly father?: Person;
  readonly mother?: Person;
  readonly home: Home;
  readonly householdPhone: string;
}

function addKin(lineage: Lineage): void {
  const { random } = lineage;
  const surname = adultSurname(lineage.origin, 'M', random);
  const kind = random.unit();
  if (kind < 0.28) {
    addCouple(lineage, surname, random.between(1930, 2005), random.chance(0.5) ? 'father' : 'mother');
  } else if (kind < 0.42) {
    addCouple(lineage, surname, random.between(1930, 2000), 'both');
  } else if (kind < 0.92) {
    const partners = random.chance(0.85) ? 'both' : random.chance(0.25) ? 'father' : 'mother';
    addChildren(lineage, addCouple(lineage, surname, random.between(1934, 1999), partners));
  } else {
    const bornYear = random.between(1955, 1995);
    addCouple(lineage, surname, bornYear - random.between(22, 36), random.chance(0.6) ? 'both' : 'mother');
    addChildren(lineage, addCouple(lineage, surname, bornYear, 'both'));
  }
}

function addCouple(lineage: Lineage, surname: string, bornYear: number, who: 'both' | 'father' | 'mother'): Couple {
  const { random, maker, origin, familyIndex } = lineage;
  const home = homeIn(lineage.region, random);
  const householdPhone = phoneNumber(random.chance(0.6) ? 'line' : 'mobile', random);
  const shared = { familyIndex, home, householdPhone };
  const father =
    who === 'mother'
      ? undefined
      : maker.add({ ...shared, origin, sex: 'M', born: dayIn(bornYear, random), family: surname });
  const hers = random.chance(0.8) ? origin : originIn(lineage.region, random);
  const mother =
    who === 'father'
      ? undefined
      : maker.add({
          ...shared,
          origin: hers,
          sex: 'F',
          born: dayIn(bornYear + random.between(-3, 4), random),
          // A woman alone gives her own surname to the children.
          family: who === 'mother' ? feminineSurname(surname) : adultSurname(hers, 'F', random),
          ...(who === 'both' ? { marriedName: feminineSurname(surname) } : {}),
        });
  return { surname, ...(father && { father }), ...(mother && { mother }), home, householdPhone };
}

function addChildren(lineage: Lineage, couple: Couple): void {
  const { random, options } = lineage;
  const nowYear = new Date(options.nowMs).getUTCFullYear();
  const parentYear = couple.mother?.born.year ?? couple.father?.born.year ?? nowYear;
  const isTogether = random.chance(0.9);
  const taken = new Set<string>();
  let year = parentYear + random.between(21, 33);
  const births = random.frequent([2, 1, 2, 3, 1, 4]);
  for (let birth = 0; birth < births && year < nowYear; birth++) {
    addBirth(lineage, couple, { born: dayIn(year, random), isTogether, taken });
    year += random.between(1, 5);
  }
  const isYoung = parentYear > nowYear - 46 && parentYear < nowYear - 17;
  // Only three families in ten are young enough, hence the factor.
  if (isYoung && random.chance(NEWBORN_RATE * 3.3 * options.stress)) {
    const day = new Date(options.nowMs - random.between(1, NEWBORN_DAYS) * DAY_MS);
    const born = { year: day.getUTCFullYear(), month: day.getUTCMonth() + 1, day: day.getUTCDate() };
    addBirth(lineage, couple, { born, isTogether, taken, isNewborn: true });
  }
}

interface Birth {
  readonly born: BirthDay;
  readonly isTogether: boolean;
  readonly isNewborn?: boolean;
  /** Given names of the brothers and sisters so far. */
  readonly taken: Set<string>;
}

function addBirth(lineage: Lineage, couple: Couple, birth: Birth): void {
  const { random, maker, options } = lineage;
  const sex: PersonSex = random.chance(0.5) ? 'M' : 'F';
  const surname = childSurname(couple, birth, random);
  if (!random.chance(TWIN_RATE * options.stress)) {
    maker.add(
      childWish(lineage, couple, birth, { sex, family: surname, given: freshName(lineage, sex, couple, birth) }),
    );
    return;
  }
  const otherSex: PersonSex = random.chance(0.65) ? sex : sex === 'M' ? 'F' : 'M';
  const isAlike = sex === otherSex && random.chance(ALIKE_RATE);
  const [given, otherGiven] = isAlike
    ? twinNames(sex, random)
    : [freshName(lineage, sex, couple, birth), freshName(lineage, otherSex, couple, birth)];
  const first = maker.add(childWish(lineage, couple, birth, { sex, family: surname, given }));
  const home = first.home;
  const second = maker.add({
    ...childWish(lineage, couple, birth, { sex: otherSex, family: surname, given: otherGiven }),
    home: random.chance(0.8) ? home : homeIn(lineage.region, random),
  });
  maker.pairTwins(first, second);
}

function childWish(
  { familyIndex, origin, region, options, random }: Lineage,
  couple: Couple,
  { born, isNewborn = false }: Birth,
  names: { readonly sex: PersonSex; readonly family: string; readonly given: string },
): PersonWish {
  const age = new Date(options.nowMs).getUTCFullYear() - born.year;
  const hasLeft = age > 24 && random.chance(0.8);
  const { sex, given } = names;
  return {
    familyIndex,
    origin,
    sex,
    given,
    family: sex === 'F' && random.chance(0.6) ? feminineSurname(names.family) : names.family,
    born,
    isNewborn,
    home: hasLeft ? homeIn(region, random) : couple.home,
    householdPhone: hasLeft ? phoneNumber('mobile', random) : couple.householdPhone,
    ...(couple.mother === undefined ? {} : { motherIndex: couple.mother.index }),
  };
}

/** The father's, and for some of those born since 2014 both: the choice came with the law of that year. */
function childSurname(
  { surname, father, mother }: Couple,
  { born, isTogether }: Birth,
  random: PopulationRandom,
): string {
  if (father === undefined || mother === undefined || born.year < 2014 || !isTogether) return surname;
  if (!random.chance(0.22)) return surname;
  return `${surname}${random.chance(0.5) ? '-' : ' '}${mother.family}`;
}

/** A name that no brother or sister has; now and then the father's or the mother's own. */
function freshName(
  { origin, random, options }: Lineage,
  sex: PersonSex,
  couple: Couple,
  { born, taken }: Birth,
): string {
  const parent = sex === 'M' ? couple.father : couple.mother;
  let given = givenNameOf(origin, sex, born.year, random);
  if (parent !== undefined && random.chance(0.015 * options.stress)) given = parent.given;
  for (let tried = 0; taken.has(given) && tried < 5; tried++) given = givenNameOf(origin, sex, born.year, random);
  taken.add(given);
  return given;
}

/** Somebody of the full name of another, who is no relative; one in four was born on the same day. */
/**
 * Somebody whose surname another family bears too. Homonyms are made by chance, which takes a name as often as the square of
 * its frequency: rare names have none.
 */
function namesakeIn({ maker, random }: Lineage): Person | undefined {
  for (let draw = 0; draw < NAMESAKE_DRAWS; draw++) {
    const [one, other] = [random.pick(maker.persons), random.pick(maker.persons)];
    if (one.family === other.family && one.familyIndex !== other.familyIndex) return one;
  }
  return undefined;
}

function addHomonym({ familyIndex, region, maker, random }: Lineage, namesake: Person): void {
  const { origin, sex, family, given, born } = namesake;
  maker.add({
    familyIndex,
    origin,
    sex,
    family,
    given,
    born: random.chance(SAME_DAY_RATE) ? born : dayIn(Math.min(born.year, 2020) + random.between(-12, 4), random),
    home: homeIn(region, random),
    householdPhone: phoneNumber('mobile', random),
  });
}

function regionOf(far: number, random: PopulationRandom): Region {
  if (!random.chance(far)) return random.chance(0.13) ? 'brussels' : 'fr';
  const draw = random.unit();
  return draw < 0.71 ? 'nl' : draw < 0.9 ? 'de' : 'abroad';
}

function originIn(region: Region, random: PopulationRandom): Origin {
  let draw = random.unit();
  for (const [origin, share] of ORIGINS[region]) {
    if (draw < share) return origin;
    draw -= share;
  }
  return 'fr';
}

function shares(text: string): readonly (readonly [Origin, number])[] {
  return text.split(' ').map((entry) => {
    const [origin = '', percent = ''] = entry.split(':');
    return [origin as Origin, Number(percent) / 100];
  });
}

/** What is left to one hundred is French. */
const ORIGINS: Readonly<Record<Region, readonly (readonly [Origin, number])[]>> = {
  fr: shares('nl:8 it:9 ar:7 tr:3 cd:3 de:2 pl:2 pt:2 es:2 ro:2'),
  brussels: shares('nl:12 ar:18 tr:6 cd:6 it:5 pl:4 pt:4 es:4 ro:4'),
  nl: shares('nl:80 tr:4 ar:4 it:3 pl:2 de:1 ro:1'),
  de: shares('de:68 nl:4 it:3 tr:3 pl:2'),
  abroad: shares('nl:28 de:22 pt:4 it:4 ar:2'),
};
