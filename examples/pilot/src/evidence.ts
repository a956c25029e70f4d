/**
 * What became of a study, found by asking both PACS: is it still at home, where else does it stand, under which patient,
 * and is every byte of every instance what was made. Nothing here is taken from the members' word.
 */
import type { LocalPatient } from '@interhosp/core/study';
import { compareDataSets } from './data-set.ts';
import type { ListedStudy, PacsClient } from './pacs-client.ts';
import { shownName, type HospitalKey, type MadeStudy } from './scenario.ts';

/** Retrievals at the same time from one PACS. */
const PARALLEL = 4;

/** The PACS of both hospitals, as the demonstration asks them. */
export type PacsClients = Readonly<Record<HospitalKey, PacsClient>>;

/** What the two PACS say of one study. */
export interface StudyEvidence {
  readonly made: MadeStudy;
  /** Whether every instance is in the receiving PACS, unaltered, under the patient it must stand under. */
  readonly filed: boolean;
  /** Instances that the other PACS holds as they were made. */
  readonly intact: number;
  /** Sentences; empty when everything is as it must be. */
  readonly problems: readonly string[];
}

/** Looks at one study in both PACS. */
export async function gatherEvidence(made: MadeStudy, pacs: PacsClients): Promise<StudyEvidence> {
  const { expected, from } = made.plan;
  const away: HospitalKey = from === 'chu' ? 'chr' : 'chu';
  const problems = await problemsAtHome(made, pacs[from]);
  const listed = await entriesOf(made, pacs[away]);
  if (expected === undefined) {
    if (listed.length > 0) problems.push('it left its hospital, though no rule says so');
    return { made, filed: false, intact: 0, problems };
  }
  const patient = patientProblems(listed, expected.patient);
  const { intact, problems: bytes } = await instanceProblems(made, pacs[away], expected.patient);
  const arrived = [...patient, ...bytes];
  return { made, filed: arrived.length === 0, intact, problems: [...problems, ...arrived] };
}

/** Whether a PACS lists every instance of a study; cheap, for waiting. */
export async function isListedWhole(made: MadeStudy, pacs: PacsClient): Promise<boolean> {
  const held = new Set((await pacs.instances(made.studyInstanceUid)).map((instance) => instance.sopInstanceUid));
  return made.instances.every((instance) => held.has(instance.sopInstanceUid));
}

/** Studies that a PACS holds and nobody made: doubles, and strangers. */
export async function strangersIn(pacs: PacsClient, studies: readonly MadeStudy[]): Promise<readonly string[]> {
  const known = new Set<string>(studies.map((made) => made.studyInstanceUid));
  const listed = await pacs.studies();
  return listed.filter((study) => !known.has(study.studyInstanceUid)).map((study) => study.studyInstanceUid);
}

async function entriesOf(made: MadeStudy, pacs: PacsClient): Promise<readonly ListedStudy[]> {
  return (await pacs.studies()).filter((study) => study.studyInstanceUid === made.studyInstanceUid);
}

async function problemsAtHome(made: MadeStudy, pacs: PacsClient): Promise<string[]> {
  const [entry, ...others] = await entriesOf(made, pacs);
  const asMade = others.length === 0 && entry?.patientId === made.plan.patient.patientId?.id;
  return asMade && (await isListedWhole(made, pacs)) ? [] : ['its own hospital no longer holds it as it was made'];
}

function patientProblems(listed: readonly ListedStudy[], patient: LocalPatient): readonly string[] {
  const [entry, ...others] = listed;
  if (entry === undefined) return ['the receiving PACS does not list it'];
  const { id, issuer = '' } = patient.patientId;
  return [
    ...(others.length > 0 ? ['the receiving PACS lists it under several patients'] : []),
    ...(entry.patientId === id ? [] : [`it stands under Patient ID ${entry.patientId} and not ${id}`]),
    ...(entry.patientName === shownName(patient) ? [] : ['it stands under another name than the local one']),
    // Not every PACS indexes the issuer; one that does must show the local one.
    ...(entry.issuer === '' || entry.issuer === issuer ? [] : [`its issuer is ${entry.issuer} and not ${issuer}`]),
  ];
}

async function instanceProblems(
  made: MadeStudy,
  pacs: PacsClient,
  patient: LocalPatient,
): Promise<{ readonly intact: number; readonly problems: readonly string[] }> {
  const listed = await pacs.instances(made.studyInstanceUid);
  const missing = made.instances.length - new Set(listed.map((instance) => instance.sopInstanceUid)).size;
  const problems: string[] = missing === 0 ? [] : [`${missing} instances are missing`];
  let intact = 0;
  const queue = [...listed];
  const work = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const original = made.instances.find((instance) => instance.sopInstanceUid === next?.sopInstanceUid);
      if (original === undefined) {
        problems.push('it holds an instance that nobody made');
        continue;
      }
      const arrived = await pacs.retrieve(made.studyInstanceUid, next);
      const { altered, keepsOriginals, patientId } = compareDataSets(original.dataSet, arrived.dataSet);
      const found = [
        ...altered.map((tag) => `${tag} is not what was made`),
        ...(arrived.transferSyntaxUid === original.transferSyntaxUid ? [] : ['it was transcoded']),
        ...(patientId === patient.patientId.id ? [] : ['an instance carries another Patient ID than its study']),
        ...(keepsOriginals ? [] : ['an instance does not say what was coerced']),
      ];
      if (found.length === 0) intact++;
      problems.push(...found.filter((problem) => !problems.includes(problem)));
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  return { intact, problems };
}
