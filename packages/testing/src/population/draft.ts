/**
 * A patient's traits while they are written down: plain texts, an empty one where nothing is known.
 */
import type { PatientTraits, PersonName, Sex } from '@interhosp/core/study';
import type { Person, PersonSex } from './person.ts';
import { writtenDay } from './person.ts';

/** What a clerk types in. */
export interface Draft {
  family: string;
  given: string;
  middle: string;
  /** `YYYY-MM-DD` or empty. */
  birthDate: string;
  sex: Sex | '';
  nationalNumber: string;
  street: string;
  postcode: string;
  city: string;
  phone: string;
}

/** The person without any error. */
export function draftOf(person: Person): Draft {
  const { town, street, house } = person.home;
  return {
    family: person.family,
    given: person.given,
    middle: person.middle.join(' '),
    birthDate: writtenDay(person.born),
    sex: person.sex,
    nationalNumber: person.nationalNumber ?? '',
    street: `${street} ${house}`,
    postcode: town.postcode,
    city: town.name,
    phone: person.phone,
  };
}

/** The draft as traits; what is empty is absent. */
export function traitsOf(draft: Draft): PatientTraits {
  const { family, given, middle, sex, ...texts } = draft;
  const alphabetic: PersonName = { family, given, middle, prefix: '', suffix: '' };
  const known = Object.entries(texts).filter(([, text]) => text !== '');
  return {
    ...(family + given === '' ? {} : { name: { alphabetic } }),
    ...(sex === '' ? {} : { sex }),
    ...Object.fromEntries(known),
  };
}

/** The other sex. */
export function otherSex(sex: PersonSex): PersonSex {
  return sex === 'M' ? 'F' : 'M';
}

/** Names of a newborn before it has one, without the mother's. */
export const NEWBORN_PLACEHOLDERS: Readonly<Record<PersonSex, readonly string[]>> = {
  M: ['Baby', 'Bébé', 'BB', 'NN', 'Nouveau-né', 'Garçon', 'Jongen', 'Pasgeborene'],
  F: ['Baby', 'Bébé', 'BB', 'NN', 'Nouveau-né', 'Fille', 'Meisje', 'Pasgeborene'],
};
