/** Changes that follow from a seed, for a process that is killed and for the one that knows what must be there. */
import { createPatientIndex, type PatientChange, type PatientIndex } from '@interhosp/core/patients';
import type { LocalPatient } from '@interhosp/core/study';
import { fuzzRandom, generatePopulation } from '@interhosp/testing';

/** The population of which patients are taken. */
export function patients(count: number): readonly LocalPatient[] {
  return generatePopulation({ seed: 'killed', registry: count, arrivals: 0 }).registry;
}

/** IDs that changes are about. */
const IDS = 60;

/** The changes of one call, the `step`th of this seed. */
export function changesOf(seed: number, step: number, from: readonly LocalPatient[]): readonly PatientChange[] {
  const random = fuzzRandom(Math.imul(seed, 0x01000193) ^ step);
  return Array.from({ length: 1 + random.below(4) }, (): PatientChange => {
    const patientId = `K${random.below(IDS)}`;
    if (random.below(5) === 0) return { kind: 'remove', patientId };
    if (random.below(12) === 0) return { kind: 'merge', patientId, into: `S${random.below(5)}` };
    return { kind: 'put', patient: { ...random.pick(from), patientId: { id: patientId, issuer: 'URN:HERE' } } };
  });
}

/** Makes changes on a plain map of patients and on where merged IDs lead. */
export function makeOn(
  held: Map<string, LocalPatient>,
  leads: Map<string, string>,
  changes: readonly PatientChange[],
): void {
  for (const change of changes) {
    if (change.kind === 'put') held.set(change.patient.patientId.id, change.patient);
    else held.delete(change.patientId);
    if (change.kind === 'merge') leads.set(change.patientId, change.into);
  }
}

/** A list that differs from others in most patients, and in who is on it. */
export function listOf(version: number, from: readonly LocalPatient[]): readonly LocalPatient[] {
  return from
    .filter((_, index) => index % 7 !== version % 7)
    .map((patient, index) => (index % 3 !== version % 3 ? { ...patient, city: `City ${version}` } : patient));
}

/** An index made from nothing but these patients. */
export function fromScratch(held: Iterable<LocalPatient>): PatientIndex {
  return createPatientIndex(held);
}
