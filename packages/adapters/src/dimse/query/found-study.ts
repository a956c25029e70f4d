/** What an answer at the level of studies or patients says (PS3.4 C.6.1.1.2, C.6.2.1.2), in the terms of the port. */
import { TAGS, type Uid } from '@interhosp/core/dicom';
import type { PacsPatient, StudySummary } from '@interhosp/core/pacs';
import type { Sex, StudyHeader } from '@interhosp/core/study';
import type { Identifier } from './identifier.ts';
import { QUERY_TAGS } from './query-tags.ts';

/** A study as the PACS lists it. */
export interface FoundStudy extends StudySummary {
  /** SOP Classes in Study (0008,0062), where the PACS tells. */
  readonly sopClasses?: readonly Uid[];
}

/** Undefined when the answer names no study. */
export function studyOf(answer: Identifier): FoundStudy | undefined {
  const studyInstanceUid = answer.uid(TAGS.StudyInstanceUID);
  if (studyInstanceUid === undefined) return undefined;
  const patient = patientOf(answer);
  const sopClasses = answer.uids(QUERY_TAGS.SOPClassesInStudy);
  const instances = answer.count(QUERY_TAGS.NumberOfStudyRelatedInstances);
  return {
    studyInstanceUid,
    patient,
    header: headerOf(answer, studyInstanceUid, patient),
    ...(instances !== undefined && { instances }),
    ...(sopClasses.length > 0 && { sopClasses }),
  };
}

/** A patient without an ID has an empty one. */
export function patientOf(answer: Identifier): PacsPatient {
  const id = answer.text(TAGS.PatientID) ?? '';
  const issuer = answer.text(TAGS.IssuerOfPatientID);
  const sex = answer.text(TAGS.PatientSex);
  return {
    patientId: issuer === undefined ? { id } : { id, issuer },
    ...defined({
      name: answer.name(TAGS.PatientName),
      birthDate: answer.date(TAGS.PatientBirthDate),
      sex: isSex(sex) ? sex : undefined,
    }),
  };
}

function headerOf(answer: Identifier, studyInstanceUid: Uid, patient: PacsPatient): StudyHeader {
  const name = answer.name(TAGS.ReferringPhysicianName);
  const modalities = [...answer.texts(TAGS.ModalitiesInStudy), ...answer.texts(TAGS.Modality)];
  return {
    studyInstanceUid,
    patient,
    modalities: [...new Set(modalities)].toSorted(),
    ...defined({
      studyDate: answer.date(TAGS.StudyDate),
      studyTime: answer.time(TAGS.StudyTime),
      accessionNumber: answer.text(TAGS.AccessionNumber),
      studyId: answer.text(TAGS.StudyID),
      description: answer.text(TAGS.StudyDescription),
      institution: answer.text(TAGS.InstitutionName),
      referringPhysician: name === undefined ? undefined : { name },
    }),
  };
}

function isSex(text: string | undefined): text is Sex {
  return text === 'M' || text === 'F' || text === 'O';
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** The fields that have a value. */
function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}
