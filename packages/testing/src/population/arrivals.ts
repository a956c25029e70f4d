/**
 * Patients as another hospital sends them, with what was done to each.
 */
import type { ArrivingPatient } from '@interhosp/core/study';
import { applyCharacters, withoutCaret } from './characters.ts';
import { arrivingMiddle, NAME_DAMAGES, UNIDENTIFIED } from './damage-names.ts';
import { damageAddress, damageBirthDate, damageNumber, damageSex, type TraitOptions } from './damage-traits.ts';
import { draftOf, traitsOf, type Draft } from './draft.ts';
import type { Person } from './person.ts';
import type { PopulationRandom } from './random.ts';

/** One arrival; `truth` is empty when the person is not in the registry, and has several IDs when registered twice. */
export interface PopulationArrival {
  readonly id: string;
  readonly patient: ArrivingPatient;
  readonly truth: readonly string[];
  readonly tags: readonly string[];
}

/** Who may arrive and who is known here. */
export interface ArrivalContext {
  readonly persons: readonly Person[];
  /** Members of a family by its number. */
  readonly families: ReadonlyMap<number, readonly Person[]>;
  /** Local IDs by position of the person. */
  readonly idsOf: ReadonlyMap<number, readonly string[]>;
  /** Persons of whom a local record has typing errors. */
  readonly badlyRecorded: ReadonlySet<number>;
  /** Registered persons who share full name and birth date, by {@link fullNameKey}. */
  readonly registeredByName: ReadonlyMap<string, number>;
}

/** The arrival of a person. */
export function arrivalOf(
  person: Person,
  position: number,
  context: ArrivalContext,
  random: PopulationRandom,
  options: TraitOptions,
): PopulationArrival {
  const id = `I${`${position + 1}`.padStart(7, '0')}`;
  const truth = context.idsOf.get(person.index) ?? [];
  const tags = [...tagsOfPerson(person, context)];
  const draft = draftOf(person);
  const isCareless = random.chance(CARELESS_RATE * options.errors);
  if (isCareless) tags.push('bad-record');
  const clerk = isCareless ? { ...options, errors: options.errors * CARELESS_FACTOR } : options;

  const relatives = context.families.get(person.familyIndex) ?? [];
  tags.push(...damageAddress(draft, person, random, clerk.errors));
  if (random.chance(UNIDENTIFIED_RATE)) {
    tags.push(...unidentify(draft, person, random));
  } else {
    tags.push(...damageName(draft, person, random, clerk.errors));
    tags.push(...damageBirthDate(draft, random, clerk.errors));
    tags.push(...damageSex(draft, person, random));
    tags.push(...damageNumber(draft, person, relatives, random, clerk));
  }
  tags.push(...applyCharacters(draft, random));
  if (random.chance(NO_CARET_RATE)) {
    withoutCaret(draft, random);
    tags.push('pn-no-caret');
  }
  return { id, patient: { ...traitsOf(draft), patientId: { id, issuer: SENDER_ISSUER } }, truth, tags };
}

/** What makes two persons easy to take for one another: folded full name and birth date. */
export function fullNameKey({ family, given, born }: Person): string {
  return `${family}|${given}|${born.year}-${born.month}-${born.day}`.toLowerCase();
}

/** Issuer of the sender's IDs. */
const SENDER_ISSUER = 'URN:SENDER';
/** Of arrivals, with `errors` 1. */
const CARELESS_RATE = 0.0177;
/** How many more errors a careless clerk makes. */
const CARELESS_FACTOR = 6;
const UNIDENTIFIED_RATE = 0.0015;
const NO_CARET_RATE = 0.013;

function* tagsOfPerson(person: Person, context: ArrivalContext): Generator<string> {
  const { families, idsOf, badlyRecorded, registeredByName } = context;
  const isKnown = idsOf.has(person.index);
  yield isKnown ? 'known' : 'unknown';
  if (badlyRecorded.has(person.index)) yield 'bad-local-record';
  if ((idsOf.get(person.index)?.length ?? 0) > 1) yield 'registered-twice';
  const relatives = families.get(person.familyIndex) ?? [];
  if (!isKnown && relatives.some(({ index }) => idsOf.has(index))) yield 'relative-in-registry';
  if (person.twinIndex !== undefined) {
    const isTwinKnown = idsOf.has(person.twinIndex);
    if (isKnown && isTwinKnown) yield 'twin-in-registry';
    else if (isKnown || isTwinKnown) yield 'twin';
  }
  if ((registeredByName.get(fullNameKey(person)) ?? 0) > (isKnown ? 1 : 0)) yield 'homonym';
  if (person.home.town.region === 'abroad') yield 'foreign';
  if (person.isNewborn) yield 'newborn';
  if (person.isDayUnknown) yield 'unk-dob';
}

function damageName(draft: Draft, person: Person, random: PopulationRandom, errors: number): readonly string[] {
  const tags: string[] = [];
  draft.middle = arrivingMiddle(draft.middle, random);
  for (const { tag, rate, isTyping = false, apply } of NAME_DAMAGES) {
    if (!random.chance(isTyping ? rate * errors : rate)) continue;
    const changed = apply(draft, person, random);
    if (changed === undefined) continue;
    Object.assign(draft, changed);
    tags.push(tag);
  }
  return tags;
}

function unidentify(draft: Draft, person: Person, random: PopulationRandom): readonly string[] {
  const [family, given] = random.pick(UNIDENTIFIED[person.sex]);
  const birthDate = random.chance(0.6) ? '1900-01-01' : `${person.born.year + random.between(-8, 8)}-01-01`;
  Object.assign(draft, { family, given, middle: '', birthDate, nationalNumber: '' } satisfies Partial<Draft>);
  return ['unidentified', person.nationalNumber === undefined ? 'no-niss' : 'niss-missing'];
}
