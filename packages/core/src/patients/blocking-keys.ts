/**
 * The keys under which a patient is found again (reconciliation.md 7). Two records of one person share at least one key
 * unless several of their traits are wrong at once; compound keys keep every list short, also at a million patients.
 */
import type { IssuedId, PatientTraits } from '../study/index.ts';
import { isFullBirthDate, parseBirthDate, type BirthDateParts } from './birth-date.ts';
import { foldedTokens } from './fold-text.ts';
import { nameForms, nameReadings, registeredName, type NameReading } from './name-forms.ts';
import { nationalNumberOf, type NationalNumberRules } from './national-number.ts';
import { phoneticKey } from './phonetic-key.ts';

/** How much a shared key says; the nearest candidates are kept when there are too many. */
export const KEY_VOTES = {
  /** The same identifier. */
  number: 100,
  localId: 100,
  /** Birth date and a name that sounds alike. */
  dateFamily: 20,
  dateGiven: 10,
  /** Both names. */
  names: 12,
  phone: 8,
  /** Birth date and postcode: somebody whose whole name was written otherwise. */
  dateHome: 6,
  /** A name and two parts of the birth date, or one word of each name. */
  partDateFamily: 6,
  words: 4,
  partDateGiven: 2,
} as const;

/** A key with what it says. */
export interface BlockingKey {
  readonly key: string;
  readonly votes: number;
}

/** A hostile name of many words must not make thousands of look-ups. */
const MOST_KEYS = 160;
const MOST_WORDS = 4;
/** Digits of a telephone number that survive prefixes: +32 475…, 0032475…, 0475…. */
const PHONE_DIGITS = 8;

/** The keys a registered patient is filed under. */
export function registeredKeys(
  patient: PatientTraits & { readonly patientId: IssuedId },
  rules: NationalNumberRules,
): readonly BlockingKey[] {
  const reading = registeredName(patient.name?.alphabetic);
  const birthName = registeredName(patient.birthName?.alphabetic);
  const keys = new KeySet();
  keys.add('localId', patient.patientId.issuer ?? '', patient.patientId.id);
  addShared(keys, patient, rules);
  addHome(keys, patient, parseBirthDate(patient.birthDate));
  if (reading !== undefined) addReading(keys, reading, parseBirthDate(patient.birthDate));
  if (reading !== undefined && birthName !== undefined) {
    addReading(keys, { ...reading, family: birthName.family }, parseBirthDate(patient.birthDate));
  }
  return keys.list;
}

/** The keys an arrival is looked up under: every reading of its name, and its date also with day and month exchanged. */
export function arrivingKeys(
  patient: PatientTraits & { readonly patientId?: IssuedId },
  rules: NationalNumberRules,
): readonly BlockingKey[] {
  const keys = new KeySet();
  for (const { id, issuer } of [...(patient.patientId ? [patient.patientId] : []), ...(patient.otherIds ?? [])]) {
    keys.add('localId', issuer ?? '', id);
  }
  addShared(keys, patient, rules);
  const birthName = patient.birthName === undefined ? undefined : nameForms(patient.birthName.alphabetic.family);
  for (const date of datesTried(parseBirthDate(patient.birthDate))) {
    addHome(keys, patient, date);
    for (const reading of nameReadings(patient.name?.alphabetic)) {
      addReading(keys, reading, date);
      if (birthName !== undefined && reading.reading === 'as-written')
        addReading(keys, { ...reading, family: birthName }, date);
    }
  }
  return keys.list;
}

/** The last digits of a telephone number; undefined when there are too few to tell persons apart. */
export function phoneKey(phone: string | undefined): string | undefined {
  const digits = (phone ?? '').slice(0, 40).replace(/\D/g, '');
  const last = digits.slice(-PHONE_DIGITS);
  // What is typed when a form insists, whatever its prefix.
  const isFiller = /^(.)\1*$/.test(last.slice(1)) || '01234567890123456789'.includes(last);
  return last.length < PHONE_DIGITS || isFiller ? undefined : last;
}

/** A postcode without spaces and without the country's letters in front: B-9000 is 9000. Empty when there is none. */
export function postcodeKey(postcode: string | undefined): string {
  const code = foldedTokens((postcode ?? '').slice(0, 40)).join('');
  return /^[a-z]{1,3}(\d+)$/.exec(code)?.[1] ?? code;
}

class KeySet {
  readonly list: BlockingKey[] = [];
  readonly #seen = new Set<string>();

  add(kind: keyof typeof KEY_VOTES, ...parts: readonly string[]): void {
    const key = `${kind}!${parts.join('!')}`;
    if (this.#seen.has(key) || this.list.length >= MOST_KEYS) return;
    this.#seen.add(key);
    this.list.push({ key, votes: KEY_VOTES[kind] });
  }
}

function addShared(
  keys: KeySet,
  patient: PatientTraits & { readonly patientId?: IssuedId },
  rules: NationalNumberRules,
): void {
  const number = nationalNumberOf(patient, rules);
  if (number !== undefined) keys.add('number', number.digits);
  // A number that fails its rules is filed as written all the same: it may stand in both records.
  const written = foldedTokens(patient.nationalNumber ?? '').join('');
  if (written.length >= PHONE_DIGITS) keys.add('number', written);
  const phone = phoneKey(patient.phone);
  if (phone !== undefined) keys.add('phone', phone);
}

function addHome(keys: KeySet, { postcode }: PatientTraits, date: BirthDateParts | undefined): void {
  const code = postcodeKey(postcode);
  if (code !== '' && isFullBirthDate(date)) keys.add('dateHome', dayOf(date), code);
}

function addReading(keys: KeySet, reading: NameReading, date: BirthDateParts | undefined): void {
  const families = soundsOf(reading.family);
  const givens = soundsOf(reading.given);
  for (const given of givens) {
    for (const family of families) keys.add('names', family, given);
    for (const word of reading.family.cores.slice(0, MOST_WORDS)) keys.add('words', word, given);
  }
  if (date === undefined) return;
  for (const family of families) addDated(keys, 'dateFamily', family, date);
  for (const given of givens) addDated(keys, 'dateGiven', given, date);
}

function addDated(keys: KeySet, kind: 'dateFamily' | 'dateGiven', sound: string, date: BirthDateParts): void {
  const { year, month, day } = date;
  if (isFullBirthDate(date)) keys.add(kind, dayOf(date), sound);
  // Any one part of the date may be wrong, or not known.
  const part = kind === 'dateFamily' ? 'partDateFamily' : 'partDateGiven';
  if (month !== undefined) keys.add(part, `${year}-${month}`, sound);
  if (month !== undefined && day !== undefined) keys.add(part, `-${month}-${day}`, sound);
  if (day !== undefined) keys.add(part, `${year}--${day}`, sound);
  // A year alone with a given name would be a list of hundreds.
  const isVague = month === undefined || (month === 1 && day === 1);
  if (isVague && kind === 'dateFamily') keys.add(part, `${year}`, sound);
}

/** The sounds of a name: whole, of each unit, and of each noun. */
function soundsOf(forms: NameReading['family']): readonly string[] {
  if (forms.glued === '') return [];
  const parts = [forms.glued, ...forms.units.slice(0, MOST_WORDS), ...forms.cores.slice(0, MOST_WORDS)];
  return [...new Set(parts.map(phoneticKey))];
}

function dayOf(date: BirthDateParts): string {
  return `${date.year}-${date.month}-${date.day}`;
}

function datesTried(date: BirthDateParts | undefined): readonly (BirthDateParts | undefined)[] {
  if (!isFullBirthDate(date) || date.day > 12 || date.day === date.month) return [date];
  return [date, { year: date.year, month: date.day, day: date.month }];
}
