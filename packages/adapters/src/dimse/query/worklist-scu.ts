/**
 * The modality worklist (PS3.4 annex K), asked for one thing alone: whether the procedure that a study belongs to goes on.
 * A worklist lists what is still to be done, so that nothing found tells nothing.
 */
import { TAGS, type NewElement } from '@interhosp/core/dicom';
import type { OrderStatus, StudySummary } from '@interhosp/core/pacs';
import type { Association } from '../association/association.ts';
import { find, type QueryOptions } from './find-scu.ts';
import type { Identifier } from './identifier.ts';
import { key } from './query-keys.ts';
import { QUERY_TAGS } from './query-tags.ts';
import { SOP_CLASSES } from '../association/uids.ts';

/** Steps of one order; more is another search. */
const MAX_STEPS = 1_000;

/** What ends a step: of MPPS and of the worklists that keep steps after their end (PS3.3 C.4.10, C.4.14). */
const ENDED: ReadonlySet<string> = new Set(['COMPLETED', 'DISCONTINUED', 'CANCELED', 'CANCELLED']);

/**
 * What the order says of a study: `open` while a step of it is scheduled or under way, `complete` when all are listed as
 * ended, `unknown` when none is listed, or the study names neither an order nor itself.
 *
 * @throws {PacsError} as {@link find}
 */
export async function findOrderStatus(
  association: Association,
  study: StudySummary,
  options: QueryOptions = {},
): Promise<OrderStatus> {
  const { accessionNumber } = study.header;
  // By the accession number where there is one: not every worklist knows the study's UID as a key.
  const keys = accessionNumber === undefined ? keysOf('', study.studyInstanceUid) : keysOf(accessionNumber, '');
  const limited = { ...options, limit: Math.min(options.limit ?? MAX_STEPS, MAX_STEPS) };
  let status: OrderStatus = 'unknown';
  for await (const answer of find(association, { ...limited, sopClass: SOP_CLASSES.worklistFind, keys })) {
    if (!isOf(answer, study)) continue;
    if (!stepsOf(answer).every((step) => ENDED.has(step))) return 'open';
    status = 'complete';
  }
  return status;
}

/**
 * Whether an answer is of this study: under the patient, and by its own UID where the worklist has one, else by the
 * accession number. Accession numbers of two hospitals meet; patients with them do not.
 */
function isOf(answer: Identifier, { header, patient, studyInstanceUid }: StudySummary): boolean {
  const { id } = patient.patientId;
  const itsPatient = answer.text(TAGS.PatientID) ?? '';
  if (id !== '' && itsPatient !== '' && id !== itsPatient) return false;
  const { accessionNumber } = header;
  const itsNumber = answer.text(TAGS.AccessionNumber);
  const itsStudy = answer.uid(TAGS.StudyInstanceUID);
  if (accessionNumber === undefined) return itsStudy === studyInstanceUid;
  // Several studies may be made for one order; each says something of it.
  return itsNumber === accessionNumber;
}

/** The status of each step; a step that tells none is scheduled, or it would not be listed. */
function stepsOf(answer: Identifier): readonly string[] {
  const steps = answer.items(QUERY_TAGS.ScheduledProcedureStepSequence);
  if (steps.length === 0) return ['SCHEDULED'];
  return steps.map((step) => step.text(QUERY_TAGS.ScheduledProcedureStepStatus) ?? 'SCHEDULED');
}

function keysOf(accessionNumber: string, studyInstanceUid: string): readonly NewElement[] {
  const step: readonly NewElement[] = [
    ...key(TAGS.Modality, 'CS'),
    ...key(QUERY_TAGS.ScheduledStationAETitle, 'AE'),
    ...key(QUERY_TAGS.ScheduledProcedureStepStartDate, 'DA'),
    ...key(QUERY_TAGS.ScheduledProcedureStepStartTime, 'TM'),
    ...key(QUERY_TAGS.ScheduledProcedureStepID, 'SH'),
    ...key(QUERY_TAGS.ScheduledProcedureStepStatus, 'CS'),
  ];
  return [
    ...key(TAGS.AccessionNumber, 'SH', accessionNumber),
    ...key(TAGS.PatientName, 'PN'),
    ...key(TAGS.PatientID, 'LO'),
    ...key(TAGS.StudyInstanceUID, 'UI', studyInstanceUid),
    ...key(TAGS.RequestedProcedureID, 'SH'),
    { tag: QUERY_TAGS.ScheduledProcedureStepSequence, value: { vr: 'SQ', items: [step] } },
  ];
}
