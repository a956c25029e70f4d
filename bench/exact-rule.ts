/**
 * What many hospitals do today, beside which reconciliation is measured: the national number when it is equal, else the
 * name and the birth date when both are equal letter by letter after folding. One patient found is linked; more or none
 * are decided by a person.
 */
import { foldedTokens } from '../packages/core/src/patients/index.ts';
import type { Decision } from '../packages/core/src/reconciliation/index.ts';
import type { ArrivingPatient, LocalPatient, PatientTraits } from '../packages/core/src/study/index.ts';

/** The rule over a registry. Its decisions are certain of themselves, and have no evidence. */
export function exactRule(registry: readonly LocalPatient[]): (arrival: ArrivingPatient) => Decision {
  const byNumber = Map.groupBy(registry, numberKey);
  const byName = Map.groupBy(registry, nameKey);
  return (arrival) => {
    const [number, name] = [numberKey(arrival), nameKey(arrival)];
    const found = (number === '' ? undefined : byNumber.get(number)) ?? (name === '' ? undefined : byName.get(name));
    const [patient, ...others] = found ?? [];
    return patient === undefined || others.length > 0
      ? { zone: 'review', ...UNEXPLAINED }
      : { zone: 'link', patient, ...UNEXPLAINED };
  };
}

const UNEXPLAINED = {
  probability: 1,
  priorWeight: 0,
  score: 0,
  evidence: [],
  guards: [],
  runnersUp: [],
  sameNumberAs: [],
  modelVersion: 'exact-rule',
  profile: '',
  policy: '',
  registrySize: 0,
} as const;

function numberKey({ nationalNumber = '' }: PatientTraits): string {
  return nationalNumber.replace(/\W/g, '');
}

/** Empty where either is missing: two patients without a birth date are not the same. */
function nameKey({ birthDate = '', name }: PatientTraits): string {
  const { family = '', given = '' } = name?.alphabetic ?? {};
  const folded = [family, given].map((part) => foldedTokens(part).join(' '));
  return folded.includes('') || birthDate === '' ? '' : [...folded, birthDate].join('^');
}
