/**
 * What a PID segment says of a person (HL7 2.5.1 3.4.2), trait by trait: a value, nothing, or that there is none. An empty
 * field says nothing, so that a system that knows less than another takes nothing away.
 */
import { formatBirthDate, parseBirthDate } from '@interhosp/core/patients';
import type { IssuedId, LocalPatient, PatientTraits, PersonName, PersonNameGroups, Sex } from '@interhosp/core/study';
import { MOST_OTHER_IDS } from './defaults.ts';
import { readIdentifiers, type IdentifierRules, type Identifiers } from './identifiers.ts';
import type { Repetition, Segment, Sent } from './message.ts';

/** A PID segment, read. */
export interface PersonUpdate {
  readonly patientId: string;
  /** PID-31: nobody knows who this is. */
  readonly isUnknownPerson: boolean;
  readonly identifiers: Identifiers;
  /** Undefined keeps what is held, null deletes it. */
  readonly traits: { readonly [T in PlainTrait]?: Sent<NonNullable<PatientTraits[T]>> };
  /** Fields with a value that is none, and of which what is held was kept: `PID-7`. */
  readonly ignored: readonly string[];
}

/** The traits that are replaced as a whole. */
type PlainTrait = Exclude<keyof PatientTraits, 'otherIds'>;

/** Reads PID. @throws {Refusal} */
export function readPerson(pid: Segment, rules: IdentifierRules): PersonUpdate {
  const identifiers = readIdentifiers(pid.repetitions(3), rules, 'PID-3');
  const ignored: string[] = [];
  const checked = <T>(field: number, read: (text: string) => Sent<T>): Sent<T> => {
    const text = pid.text(field);
    if (text === undefined || text === null) return text;
    const value = read(text);
    if (value === undefined) ignored.push(`PID-${field}`);
    return value;
  };
  return {
    patientId: identifiers.patientId,
    isUnknownPerson: pid.text(31)?.toUpperCase() === 'Y',
    identifiers,
    traits: {
      ...namesOf(pid.repetitions(5)),
      birthDate: checked(7, birthDateOf),
      sex: checked(8, sexOf),
      nationalNumber: numberOf(identifiers.nationalNumber, pid.text(19)),
      ...addressOf(pid.repetitions(11)),
      phone: phoneOf(pid.repetitions(13)) ?? phoneOf(pid.repetitions(40)) ?? deletedPhone(pid),
    },
    ignored,
  };
}

/**
 * The patient as held, with what was sent.
 *
 * @param options.keepsEmpty - Whether what was not sent stays as it is.
 */
export function updated(
  held: LocalPatient | undefined,
  update: PersonUpdate,
  options: { readonly issuer: string; readonly keepsEmpty: boolean },
): LocalPatient {
  const patientId = { id: update.patientId, issuer: options.issuer };
  // What stands in the fields of an unknown person is made up. Under this ID images are filed; by traits nobody is found.
  if (update.isUnknownPerson) return { patientId };
  const before: PatientTraits = options.keepsEmpty && held !== undefined ? held : {};
  const traits: Record<string, unknown> = {};
  for (const trait of PLAIN_TRAITS) {
    const sent = update.traits[trait];
    const value = sent === undefined ? before[trait] : sent;
    if (value !== undefined && value !== null) traits[trait] = value;
  }
  const otherIds = otherIdsOf(before.otherIds ?? [], update.identifiers, update.patientId, options.issuer);
  return { patientId, ...(traits as PatientTraits), ...(otherIds.length > 0 && { otherIds }) };
}

const PLAIN_TRAITS = [
  'name',
  'birthName',
  'birthDate',
  'sex',
  'nationalNumber',
  'street',
  'postcode',
  'city',
  'phone',
] as const satisfies readonly PlainTrait[];

/** What was sent of an issuer stands for all of that issuer. */
function otherIdsOf(
  held: readonly IssuedId[],
  { deletedIssuers, otherIds }: Identifiers,
  patientId: string,
  issuer: string,
): readonly IssuedId[] {
  const replaced = new Set([...deletedIssuers, ...otherIds.map((each) => each.issuer)]);
  const kept = held.filter((each) => !replaced.has(each.issuer) && !(each.id === patientId && each.issuer === issuer));
  return [...otherIds, ...kept].slice(0, MOST_OTHER_IDS);
}

/** XPN-7: legal, as the civil registry has it, or not said; then the name that is shown. Aliases are nobody's name. */
const NAME_TYPES = ['L', 'R', '', 'U', 'C', 'D'] as const;
const BIRTH_NAME_TYPES = ['M', 'B'] as const;

function namesOf(sent: Sent<readonly Repetition[]>): {
  readonly name: Sent<PersonNameGroups>;
  readonly birthName: Sent<PersonNameGroups>;
} {
  if (sent === null) return { name: null, birthName: null };
  return { name: nameOf(sent, NAME_TYPES), birthName: nameOf(sent, BIRTH_NAME_TYPES) };
}

/** The name of the first of these types that is there, in all its scripts (XPN-8). */
function nameOf(sent: readonly Repetition[] | undefined, types: readonly string[]): Sent<PersonNameGroups> {
  for (const type of types) {
    const names = (sent ?? []).filter((each) => each.text(7).toUpperCase() === type);
    const written = (code: string): PersonName | undefined =>
      names
        .filter((each) => (each.text(8).toUpperCase() || 'A') === code)
        .map(personName)
        .find(hasLetters);
    const [alphabetic, ideographic, phonetic] = [written('A'), written('I'), written('P')];
    if (alphabetic ?? ideographic ?? phonetic) {
      return {
        alphabetic: alphabetic ?? NO_NAME,
        ...(ideographic && { ideographic }),
        ...(phonetic && { phonetic }),
      };
    }
    if (names.some((each) => each.isDeleted(1))) return null;
  }
  return undefined;
}

const NO_NAME: PersonName = { family: '', given: '', middle: '', prefix: '', suffix: '' };

function personName(xpn: Repetition): PersonName {
  const part = (number: number, at?: number): string => namePart(xpn.text(number, at));
  // FN: the whole surname, or its parts: own prefix and surname, the partner's prefix and surname.
  const family =
    part(1) ||
    [2, 3, 4, 5]
      .map((at) => part(1, at))
      .filter((word) => word !== '')
      .join(' ');
  return { family, given: part(2), middle: part(3), prefix: part(5), suffix: part(4) };
}

/** Without what divides names in DICOM (PS3.5 6.2.1). */
function namePart(text: string): string {
  return text.replace(/[\^=\\]+/g, ' ').trim();
}

function hasLetters({ family, given, middle }: PersonName): boolean {
  return family !== '' || given !== '' || middle !== '';
}

/** To the day, the month or the year (TS, DTM), whatever time stands behind. */
const DATE = /^(\d{4})(\d{2})?(\d{2})?(?:\d{2}){0,3}(?:\.\d{1,4})?(?:[+-]\d{4})?$/;

function birthDateOf(text: string): string | undefined {
  const digits = DATE.exec(text);
  if (digits === null) return undefined;
  const [, year = '', month = '00', day = '00'] = digits;
  const parts = parseBirthDate(`${year}-${month}-${day}`);
  return parts && formatBirthDate(parts);
}

/** HL7 table 0001. What is not known is deleted: it was sent. */
function sexOf(text: string): Sent<Sex> {
  switch (text.toUpperCase()) {
    case 'M':
    case 'F':
    case 'O':
      return text.toUpperCase() as Sex;
    case 'A':
    case 'N':
    case 'X':
      return 'O';
    case 'U':
      return null;
    default:
      return undefined;
  }
}

/** PID-19 is where older senders write it. */
function numberOf(listed: Sent<string>, pid19: Sent<string>): Sent<string> {
  if (listed !== undefined || pid19 === undefined || pid19 === null) return listed === undefined ? pid19 : listed;
  return pid19.replace(/[\s./-]/g, '') || undefined;
}

/** XAD-7: where somebody lives. Addresses of work, of birth and bad ones are passed over. */
const ADDRESS_TYPES = ['H', 'P', 'C', 'L', '', 'M'] as const;

function addressOf(sent: Sent<readonly Repetition[]>): {
  readonly street: Sent<string>;
  readonly postcode: Sent<string>;
  readonly city: Sent<string>;
} {
  if (sent === null) return { street: null, postcode: null, city: null };
  for (const type of ADDRESS_TYPES) {
    const address = (sent ?? []).find((each) => each.text(7).toUpperCase() === type);
    if (address === undefined) continue;
    // SAD: the whole line, or street and number.
    const street = address.text(1) || `${address.text(1, 2)} ${address.text(1, 3)}`.trim();
    // An address is one value: of the old one nothing is mixed in.
    return { street: street || null, city: address.text(3) || null, postcode: address.text(5) || null };
  }
  return { street: undefined, postcode: undefined, city: undefined };
}

/** XTN-3: no telefax, no modem. */
const NO_TELEPHONE: ReadonlySet<string> = new Set(['FX', 'MD', 'INTERNET', 'X.400', 'TDD', 'TTY', 'BP']);

function phoneOf(sent: Sent<readonly Repetition[]>): string | undefined {
  for (const each of sent ?? []) {
    if (each.text(2).toUpperCase() === 'NET' || NO_TELEPHONE.has(each.text(3).toUpperCase())) continue;
    const parts = [each.text(5), each.text(6), each.text(7)].filter((part) => part !== '').join(' ');
    const phone = each.text(1) || each.text(12) || parts;
    if (phone !== '') return phone;
  }
  return undefined;
}

function deletedPhone(pid: Segment): null | undefined {
  return [13, 40].some((field) => pid.text(field) === null) ? null : undefined;
}
