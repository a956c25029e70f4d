/**
 * The sentences of explanations, by key, in English. A catalogue in another language has the same keys; `{arrival}`,
 * `{local}`, `{count}`, `{percent}` and `{bits}` are filled in.
 */
import type { GuardReason } from './guard-reasons.ts';
import type { Field, LevelOf } from './levels.ts';

/** Fields and levels that have a sentence. */
type Sayable = { [F in Field]: `${F}.${Exclude<LevelOf<F>, 'missing' | 'ignored'>}` }[Field];

/** A key of a catalogue of sentences. */
export type SentenceKey =
  | `zone.${'link' | 'review' | 'new'}`
  | `guard.${GuardReason}`
  | Sayable
  | 'number.ignored'
  | 'localId.ignored'
  | 'below-threshold'
  | 'same-number'
  | 'prior'
  | 'posterior'
  | 'relative'
  | 'runner-up'
  | 'bits';

/** All sentences of one language. */
export type SentenceCatalogue = Readonly<Record<SentenceKey, string>>;

/** English. */
export const ENGLISH_SENTENCES: SentenceCatalogue = {
  'zone.link': 'Linked to a local patient.',
  'zone.review': 'A person decides.',
  'zone.new': 'Nobody in the registry is near: the study waits until the patient is registered.',

  'guard.numbers-differ': 'Both national numbers are valid and different.',
  'guard.number-changed': 'A BIS and a national number of the same birth date, and too little beside them agrees.',
  'guard.number-doubted':
    'A national number contradicts the birth date or sex beside it: may be a relative’s number, or a typing error.',
  'guard.number-of-another': 'Same national number, but birth date or names differ: may be somebody else’s number.',
  'guard.number-elsewhere': 'The arriving national number is registered with another local patient.',
  'guard.number-shared': 'The national number stands on several local patients.',
  'guard.local-id-contradicted': 'The study carries one of our own patient IDs, but name or birth date do not fit it.',
  'guard.given-names-differ': 'Other given name: may be a twin or another relative.',
  'guard.given-name-near': 'Given name not quite the same, and no identifier: may be a twin.',
  'guard.family-names-differ': 'Other family name, and no identifier.',
  'guard.name-incomplete': 'A part of the name is missing, and no identifier makes up for it.',
  'guard.sibling': 'Same family name and birth date as another local patient with another given name: may be a twin.',
  'guard.placeholder-name': 'The name stands for a missing one (baby, unknown).',
  'guard.placeholder-birth-date': 'The birth date stands for a missing one.',
  'guard.newborn': 'A newborn: name and number may be provisional, and there may be a twin.',
  'guard.birth-date-missing': 'No complete birth date on both sides, and no identifier.',
  'guard.birth-date-differs': 'The birth dates differ, and too little beside them agrees.',
  'guard.homonym': 'Other patients bear this name, and nothing beside name and birth date agrees.',
  'guard.duplicate-record': 'Two local patients look like one person: merge them in the patient system, or choose.',
  'guard.too-many-candidates': 'More candidates than can be compared.',
  'guard.too-little-known': 'Nobody is near, and too little is known of the arrival to call the patient new.',
  'below-threshold': 'The probability is below what this hospital asks for.',
  'same-number': '{count} other local record(s) bear the same valid national number.',

  prior: 'Before any evidence: {bits}',
  'number.equal': 'National number {arrival} equal',
  'number.doubted': 'National number {arrival} equal, though it contradicts a birth date or sex',
  'number.shared': 'National number {arrival} equal, but on several local patients',
  'number.bis-same-date': 'National number {arrival}, here {local}: same birth date, one of them BIS',
  'number.slip': 'National number {arrival}, here {local}: one typing error apart',
  'number.differ': 'National number {arrival}, here {local}: different',
  'number.ignored': 'National number {arrival}, here {local}: not counted, one contradicts its own birth date or sex',
  'localId.equal': 'Our own patient ID {local}',
  'localId.ignored': 'Our own patient ID {local}: not counted',
  'family.exact': 'Family name {arrival}, here {local}: same',
  'family.near': 'Family name {arrival}, here {local}: another spelling or a typing error',
  'family.token': 'Family name {arrival}, here {local}: a part of it',
  'family.similar': 'Family name {arrival}, here {local}: similar',
  'family.differ': 'Family name {arrival}, here {local}: different',
  'given.exact': 'Given name {arrival}, here {local}: same',
  'given.spelling': 'Given name {arrival}, here {local}: another spelling',
  'given.variant': 'Given name {arrival}, here {local}: a form of the same name',
  'given.part': 'Given name {arrival}, here {local}: a part of it',
  'given.initial': 'Given name {arrival}, here {local}: an initial',
  'given.mistyped': 'Given name {arrival}, here {local}: a typing error, since one of them is no name here',
  'given.near': 'Given name {arrival}, here {local}: one typing error apart',
  'given.exchanged': 'Given name {arrival}, here {local}: given and middle name exchanged',
  'given.middle': 'Given name {arrival}, here {local}: a middle name of the other',
  'given.similar': 'Given name {arrival}, here {local}: similar',
  'given.differ': 'Given name {arrival}, here {local}: different',
  'nameOrder.swapped': 'Family and given name stand exchanged',
  'middle.exact': 'Middle name {arrival}, here {local}: same',
  'middle.part': 'Middle name {arrival}, here {local}: one in common',
  'middle.initial': 'Middle name {arrival}, here {local}: same initial',
  'middle.differ': 'Middle name {arrival}, here {local}: different',
  'birthDate.exact': 'Birth date {arrival} same',
  'birthDate.exact-first': 'Birth date {arrival} same, but a first of January or July',
  'birthDate.digit': 'Birth date {arrival}, here {local}: one digit apart',
  'birthDate.swap': 'Birth date {arrival}, here {local}: day and month exchanged',
  'birthDate.year-digit': 'Birth date {arrival}, here {local}: one digit of the year apart',
  'birthDate.first-of-year': 'Birth date {arrival}, here {local}: same year, one perhaps incomplete',
  'birthDate.partial': 'Birth date {arrival}, here {local}: same as far as known',
  'birthDate.by-number':
    'Birth date {arrival} for {local}: one of them differs from the date in the national number beside it, which agrees',
  'birthDate.differ': 'Birth date {arrival}, here {local}: different',
  'sex.same': 'Sex {arrival} same',
  'sex.differ': 'Sex {arrival}, here {local}: different',
  'address.street': 'Address {arrival}: same street and town',
  'address.street-near': 'Address {arrival}, here {local}: nearly the same',
  'address.town': 'Address {arrival}, here {local}: same town',
  'address.differ': 'Address {arrival}, here {local}: different',
  'phone.same': 'Telephone {arrival} same',
  'phone.differ': 'Telephone {arrival}, here {local}: different',
  'namesakes.some': 'Others in the registry bear the same name',
  bits: '{sentence} ({bits} bits)',
  posterior: 'After all evidence: {percent} % probable',
  relative: 'Or a relative who is not registered here: {percent} % probable',
  'runner-up': 'Next candidate: {percent} % probable',
};
