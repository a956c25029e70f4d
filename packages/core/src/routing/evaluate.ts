/**
 * Whether a study fits a condition, with three answers: yes, no, and unknown. Unknown is what a missing birth date or a
 * bare name gives; it passes through all, any and not (Kleene), so that an exception which cannot be checked never turns
 * into permission. Only a yes sends; unknown is put before a person.
 */
import type { PractitionerDirectories } from '../federation/practitioners.ts';
import type { MemberId } from '../study/identifiers.ts';
import { valuesOf, type RoutableStudy } from './attributes.ts';
import { DESTINATION, type Condition, type PractitionerRole } from './conditions.ts';
import { matchesPattern } from './match-values.ts';
import { numberKey, practisesAt } from './practitioner-match.ts';
import type { NumberScheme } from './rule-set.ts';

/** Yes, no, or not to be decided from what is known. */
export type Truth = 'yes' | 'no' | 'unknown';

/** An answer and its reasons: statements of fact without any value of the study, fit to be shown and logged. */
export interface Verdict {
  readonly truth: Truth;
  readonly because: readonly string[];
}

/** What a condition is tried against. */
export interface Trial {
  readonly study: RoutableStudy;
  /** The member the study might go to. */
  readonly destination: MemberId;
  readonly directories: PractitionerDirectories;
  readonly scheme: NumberScheme;
  readonly nowMs: number;
}

/** Tries a condition. The reasons are those that settle the answer, not everything that was looked at. */
export function evaluate(condition: Condition, trial: Trial): Verdict {
  switch (condition.kind) {
    case 'all':
      return combine(condition.of, trial, 'no');
    case 'any':
      return combine(condition.of, trial, 'yes');
    case 'not':
      return negated(evaluate(condition.of, trial));
    case 'modality':
      return modality(condition.values, trial.study);
    case 'tag':
      return tag(condition, trial.study);
    case 'institution':
      return institution(condition.patterns, trial.study);
    case 'studyDate':
      return studyDate(condition, trial);
    case 'patientAge':
      return patientAge(condition, trial);
    case 'practisesAt':
      return practises(condition.role, condition.member, trial);
    case 'practitionerNumber':
      return practitionerNumber(condition, trial);
    default:
      return condition satisfies never;
  }
}

/** The other answer, for the same reasons: reasons state facts, whichever way they count. */
export function negated({ truth, because }: Verdict): Verdict {
  const opposite = { yes: 'no', no: 'yes', unknown: 'unknown' } as const;
  return { truth: opposite[truth], because };
}

/** `all` is settled by a no, `any` by a yes; failing that an unknown stands; failing that it is the other answer. */
function combine(conditions: readonly Condition[], trial: Trial, settling: 'yes' | 'no'): Verdict {
  const verdicts: Verdict[] = [];
  for (const condition of conditions) {
    const verdict = evaluate(condition, trial);
    if (verdict.truth === settling) return verdict;
    verdicts.push(verdict);
  }
  const open = verdicts.filter(({ truth }) => truth === 'unknown');
  const because = (open.length > 0 ? open : verdicts).flatMap((verdict) => verdict.because);
  if (open.length > 0) return { truth: 'unknown', because };
  return { truth: settling === 'no' ? 'yes' : 'no', because };
}

function modality(values: readonly string[], { modalities }: RoutableStudy): Verdict {
  const found = modalities.some((value) => values.includes(value));
  const names = values.join(', ');
  return decide(found, `a modality is one of ${names}`, `no modality is one of ${names}`);
}

function tag(condition: Extract<Condition, { kind: 'tag' }>, study: RoutableStudy): Verdict {
  const { attribute, patterns } = condition;
  const values = valuesOf(study, attribute);
  if (values.length === 0) return no(`${attribute.keyword} is absent`);
  const found = values.some((value) => patterns.some((pattern) => matchesPattern(attribute.matching, value, pattern)));
  if (!found) return no(`${attribute.keyword} does not match`);
  // Whoever writes the rule as a tag gets no further with a bare name than whoever writes it as a physician.
  if (attribute.isPractitionerName === true) return unknown(`${attribute.keyword} matches, but is only a name`);
  return yes(`${attribute.keyword} matches`);
}

function institution(patterns: readonly string[], study: RoutableStudy): Verdict {
  const name = study.institution ?? '';
  if (name.trim() === '') return no('the study names no institution');
  const found = patterns.some((pattern) => matchesPattern('name', name, pattern));
  return decide(found, 'the institution matches', 'the institution does not match');
}

const DAY_MS = 86_400_000;
const FULL_DATE = /^\d{4}-(?!00)\d{2}-(?!00)\d{2}$/;

function studyDate(condition: Extract<Condition, { kind: 'studyDate' }>, { study, nowMs }: Trial): Verdict {
  const date = study.studyDate ?? '';
  if (!FULL_DATE.test(date)) return unknown('the study has no date');
  const { from = '', to = '9999-12-31', withinDays } = condition;
  // A day of grace: the date is local to the hospital, this clock is not.
  const oldest =
    withinDays === undefined ? from : new Date(nowMs - (withinDays + 1) * DAY_MS).toISOString().slice(0, 10);
  const inside = date >= from && date <= to && date >= oldest;
  return decide(inside, 'the study date is in the range', 'the study date is outside the range');
}

function patientAge(condition: Extract<Condition, { kind: 'patientAge' }>, { study, nowMs }: Trial): Verdict {
  const birthDate = study.patient.birthDate ?? '';
  const studied = study.studyDate ?? '';
  const onDate = FULL_DATE.test(studied) ? studied : new Date(nowMs).toISOString().slice(0, 10);
  if (!FULL_DATE.test(birthDate)) return unknown('the birth date is not known in full');
  if (birthDate > onDate) return unknown('the birth date is after the study');
  const { minYears = 0, maxYears = 150 } = condition;
  const years =
    Number(onDate.slice(0, 4)) - Number(birthDate.slice(0, 4)) - (onDate.slice(5) < birthDate.slice(5) ? 1 : 0);
  return decide(years >= minYears && years <= maxYears, 'the age is in the range', 'the age is outside the range');
}

const ROLE_NAMES = { referringPhysician: 'referring physician', requestingPhysician: 'requesting physician' } as const;

function practises(role: PractitionerRole, place: MemberId | typeof DESTINATION, trial: Trial): Verdict {
  const { destination, directories, scheme, nowMs, study } = trial;
  const member = place === DESTINATION ? destination : place;
  const { truth, because } = practisesAt({ mention: study[role], member, directories, scheme, nowMs });
  return { truth, because: [`${ROLE_NAMES[role]}: ${because}`] };
}

function practitionerNumber(
  { role, numbers }: Extract<Condition, { kind: 'practitionerNumber' }>,
  { study, scheme }: Trial,
): Verdict {
  const number = numberKey(study[role]?.number ?? '', scheme);
  if (number === '') return no(`${ROLE_NAMES[role]}: the study gives no number`);
  const found = numbers.some((listed) => numberKey(listed, scheme) === number);
  return decide(found, `${ROLE_NAMES[role]}: the number is listed`, `${ROLE_NAMES[role]}: the number is not listed`);
}

function decide(holds: boolean, ifYes: string, ifNo: string): Verdict {
  return holds ? yes(ifYes) : no(ifNo);
}

function yes(because: string): Verdict {
  return { truth: 'yes', because: [because] };
}

function no(because: string): Verdict {
  return { truth: 'no', because: [because] };
}

function unknown(because: string): Verdict {
  return { truth: 'unknown', because: [because] };
}
