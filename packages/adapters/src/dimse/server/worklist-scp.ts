/** The modality worklist as SCP (PS3.4 annex K), over a list of steps that somebody else keeps. */
import { formatPersonName, TAGS, type NewElement, type Tag, type Uid } from '@interhosp/core/dicom';
import type { PacsPatient } from '@interhosp/core/pacs';
import type { Identifier } from '../query/identifier.ts';
import type { DimseOddities } from './oddities.ts';
import { matchesKeys, type KnownValue } from '../query/query-matching.ts';
import { QUERY_TAGS } from '../query/query-tags.ts';

/** One scheduled procedure step. */
export interface ScheduledStep {
  readonly patient: PacsPatient;
  readonly accessionNumber: string;
  readonly studyInstanceUid: Uid;
  readonly requestedProcedureId?: string;
  readonly stepId: string;
  readonly modality: string;
  readonly stationAe?: string;
  /** `YYYYMMDD` */
  readonly startDate: string;
  /** `HHMMSS` */
  readonly startTime: string;
  /** Scheduled Procedure Step Status (0040,0020). */
  readonly status?: string;
}

/** The answers for those steps that match. */
export function matchingSteps(
  steps: readonly ScheduledStep[],
  keys: Identifier,
  { ignoresKeys = false }: DimseOddities,
): readonly (readonly NewElement[])[] {
  const [stepKeys] = keys.items(QUERY_TAGS.ScheduledProcedureStepSequence);
  return steps
    .map((step) => ({ order: orderValues(step), step: stepValues(step) }))
    .filter(
      ({ order, step }) =>
        ignoresKeys || (matchesKeys(order, keys) && (stepKeys === undefined || matchesKeys(step, stepKeys))),
    )
    .map(({ order, step }) => [
      ...elements(order),
      { tag: QUERY_TAGS.ScheduledProcedureStepSequence, value: { vr: 'SQ', items: [elements(step)] } },
    ]);
}

function orderValues(step: ScheduledStep): ReadonlyMap<Tag, KnownValue> {
  const { birthDate, name, patientId, sex } = step.patient;
  return new Map<Tag, KnownValue>([
    [TAGS.AccessionNumber, { vr: 'SH', text: step.accessionNumber }],
    [TAGS.PatientName, { vr: 'PN', text: name === undefined ? '' : formatPersonName(name) }],
    [TAGS.PatientID, { vr: 'LO', text: patientId.id }],
    [TAGS.IssuerOfPatientID, { vr: 'LO', text: patientId.issuer ?? '' }],
    [TAGS.PatientBirthDate, { vr: 'DA', text: birthDate?.replaceAll('-', '') ?? '' }],
    [TAGS.PatientSex, { vr: 'CS', text: sex ?? '' }],
    [TAGS.StudyInstanceUID, { vr: 'UI', text: step.studyInstanceUid }],
    [TAGS.RequestedProcedureID, { vr: 'SH', text: step.requestedProcedureId ?? step.stepId }],
  ]);
}

function stepValues(step: ScheduledStep): ReadonlyMap<Tag, KnownValue> {
  return new Map<Tag, KnownValue>([
    [TAGS.Modality, { vr: 'CS', text: step.modality }],
    [QUERY_TAGS.ScheduledStationAETitle, { vr: 'AE', text: step.stationAe ?? '' }],
    [QUERY_TAGS.ScheduledProcedureStepStartDate, { vr: 'DA', text: step.startDate }],
    [QUERY_TAGS.ScheduledProcedureStepStartTime, { vr: 'TM', text: step.startTime }],
    [QUERY_TAGS.ScheduledProcedureStepID, { vr: 'SH', text: step.stepId }],
    [QUERY_TAGS.ScheduledProcedureStepStatus, { vr: 'CS', text: step.status ?? '' }],
  ]);
}

function elements(values: ReadonlyMap<Tag, KnownValue>): readonly NewElement[] {
  return [...values].map(([tag, value]) => ({ tag, value }));
}
