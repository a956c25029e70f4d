/** Matching of studies against a query, for adapters: a PACS that ignores a key must not widen an answer. */
import type { StudyQuery, StudySummary } from './pacs.ts';

/**
 * Whether a study matches every key that is given: UIDs, patient ID and accession number exactly, letter by letter, and
 * the study date inclusively. A study without a date matches no range of dates.
 */
export function matchesStudyQuery(study: StudySummary, query: StudyQuery): boolean {
  const { studyInstanceUid, patientId, accessionNumber, studyDateFrom, studyDateTo } = query;
  const { header, patient } = study;
  return (
    (studyInstanceUid === undefined || study.studyInstanceUid === studyInstanceUid) &&
    (patientId === undefined || patient.patientId.id === patientId) &&
    (accessionNumber === undefined || (header.accessionNumber ?? '') === accessionNumber) &&
    // Dates written YYYY-MM-DD sort as texts.
    (studyDateFrom === undefined || (header.studyDate !== undefined && header.studyDate >= studyDateFrom)) &&
    (studyDateTo === undefined || (header.studyDate !== undefined && header.studyDate <= studyDateTo))
  );
}
