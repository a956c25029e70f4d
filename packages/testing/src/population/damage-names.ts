/**
 * What happens to a name between two hospitals, one function a kind. Each returns the changed names, or undefined when it
 * cannot happen to this one.
 */
import type { Draft } from './draft.ts';
import { NEWBORN_PLACEHOLDERS } from './draft.ts';
import { nicknameOf } from './nicknames.ts';
import type { Person } from './person.ts';
import type { PopulationRandom } from './random.ts';
import { initialsOf } from './registry.ts';
import { withTypingError } from './typing.ts';

/** The parts of a name that are damaged. */
export type NameDraft = Pick<Draft, 'family' | 'given' | 'middle'>;

/** One kind of damage. */
export interface NameDamage {
  readonly tag: string;
  /** Probability where it can happen. */
  readonly rate: number;
  /** An error of typing, of which the rate follows the option `errors`. */
  readonly isTyping?: boolean;
  readonly apply: (name: NameDraft, person: Person, random: PopulationRandom) => Partial<NameDraft> | undefined;
}

/** In the order in which they happen: first what the name is taken for, then how it is written. */
export const NAME_DAMAGES: readonly NameDamage[] = [
  { tag: 'married-name', rate: 0.034, apply: (_, person) => married(person, (his) => his) },
  { tag: 'married+maiden', rate: 0.02, apply: (name, person) => married(person, (his) => `${his}-${name.family}`) },
  { tag: 'maiden+married', rate: 0.011, apply: (name, person) => married(person, (his) => `${name.family}-${his}`) },
  {
    tag: 'maiden-ep-married',
    rate: 0.006,
    apply: (name, person, random) =>
      married(person, (his) => `${name.family} ${random.pick(['ép.', 'ep', 'épouse', 'echtg.', 'ehefr.'])} ${his}`),
  },
  { tag: 'middle-as-given', rate: 0.012, apply: middleAsGiven },
  {
    tag: 'newborn-placeholder',
    rate: 0.5,
    apply: (_, person, random) =>
      person.isNewborn ? { given: random.pick(NEWBORN_PLACEHOLDERS[person.sex]), middle: '' } : undefined,
  },
  { tag: 'nickname', rate: 0.018, apply: (name) => given(nicknameOf(name.given)) },
  { tag: 'half-given', rate: 0.12, apply: halfGiven },
  { tag: 'initial', rate: 0.0025, apply: (name) => ({ given: `${name.given.slice(0, 1)}.` }) },
  { tag: 'half-surname', rate: 0.11, apply: halfSurname },
  { tag: 'particle-lost', rate: 0.02, apply: (name) => family(name, name.family.replace(PARTICLE, '')) },
  { tag: 'glued', rate: 0.24, apply: (name) => family(name, name.family.replaceAll(' ', '')) },
  { tag: 'hyphenated', rate: 0.055, apply: (name) => family(name, name.family.replaceAll(' ', '-')) },
  { tag: 'hyphen', rate: 0.07, apply: hyphenLost },
  {
    tag: 'apostrophe',
    rate: 0.28,
    apply: (name, _, random) => family(name, name.family.replaceAll("'", random.chance(0.5) ? '' : ' ')),
  },
  { tag: 'split-particle', rate: 0.06, apply: splitParticle },
  {
    tag: 'fam-typo',
    rate: 0.0145,
    isTyping: true,
    apply: (n, _, random) => family(n, withTypingError(n.family, random)),
  },
  {
    tag: 'giv-typo',
    rate: 0.0205,
    isTyping: true,
    apply: (name, _, random) => ({ given: withTypingError(name.given, random) }),
  },
  { tag: 'cut', rate: 0.035, apply: (name) => family(name, name.family.slice(0, SHORT_FIELD).trim()) },
  { tag: 'swapped', rate: 0.0045, apply: (name) => ({ family: name.given, given: name.family }) },
];

/** How an unidentified patient is named, family and given. */
export const UNIDENTIFIED: Readonly<Record<'M' | 'F', readonly (readonly [string, string])[]>> = {
  M: [
    ['Inconnu', 'Homme'],
    ['Onbekend', 'Patient'],
    ['X', 'X'],
    ['Unknown', 'Male'],
  ],
  F: [
    ['Inconnu', 'Femme'],
    ['Onbekend', 'Patient'],
    ['X', 'X'],
    ['Unknown', 'Female'],
  ],
};

/** Middle names as the sender has them: mostly not at all, else in full or as initials. */
export function arrivingMiddle(middle: string, random: PopulationRandom): string {
  const draw = random.unit();
  return draw < 0.58 ? '' : draw < 0.92 ? middle : initialsOf(middle);
}

/** A field that old systems make this long. */
const SHORT_FIELD = 16;
/** Particles that stand apart at the beginning. */
const PARTICLE = /^(?:(?:van|de|den|der|la|le|di|del|da|do|dos|el|ben|lo|aït|ait) )+/i;

function family(name: NameDraft, changed: string): Partial<NameDraft> | undefined {
  return changed === name.family || changed === '' ? undefined : { family: changed };
}

function given(changed: string | undefined): Partial<NameDraft> | undefined {
  return changed === undefined ? undefined : { given: changed };
}

function married({ marriedName, family: own }: Person, write: (his: string) => string): Partial<NameDraft> | undefined {
  return marriedName === undefined || marriedName === own ? undefined : { family: write(marriedName) };
}

function middleAsGiven(name: NameDraft, { middle }: Person): Partial<NameDraft> | undefined {
  const [first, ...rest] = middle;
  return first === undefined ? undefined : { given: first, middle: [name.given, ...rest].join(' ') };
}

function halfGiven(name: NameDraft, _: Person, random: PopulationRandom): Partial<NameDraft> | undefined {
  const halves = name.given.split(/[- ]/);
  return halves.length < 2 ? undefined : given(random.chance(0.85) ? halves[0] : halves.at(-1));
}

/** One of the two surnames of a double one; a particle goes with what follows. */
function halfSurname(name: NameDraft, _: Person, random: PopulationRandom): Partial<NameDraft> | undefined {
  const [, particle = '', rest = ''] = new RegExp(`(${PARTICLE.source})?(.*)`, 'i').exec(name.family) ?? [];
  const at = rest.search(/[- ]/);
  if (at < 2) return undefined;
  return { family: random.chance(0.7) ? particle + rest.slice(0, at) : rest.slice(at + 1) };
}

function hyphenLost(name: NameDraft): Partial<NameDraft> | undefined {
  const changed = { family: name.family.replaceAll('-', ' '), given: name.given.replaceAll('-', ' ') };
  return changed.family === name.family && changed.given === name.given ? undefined : changed;
}

/** `Vandenberghe` as `Van den Berghe`, `Delcourt` as `De Lcourt`. */
function splitParticle(name: NameDraft): Partial<NameDraft> | undefined {
  const parts = /^(vanden|vander|van|dela|del|de|du|bou|ben)(?=[\p{L}]{4})/iu.exec(name.family)?.[0];
  if (parts === undefined) return undefined;
  const words = parts.replace(/^(van|de)(?=..)/i, '$1 ');
  const rest = name.family.slice(parts.length);
  return { family: `${words} ${rest.slice(0, 1).toUpperCase()}${rest.slice(1)}` };
}
