/** What a PACS says of one study before it is retrieved: under which patients it stands, and which instances it has. */
import type { Uid } from '@interhosp/core/dicom';
import type { Association } from '../association/association.ts';
import { answeredStudies, findInstances, type ListedInstance, type SearchOptions } from './find-studies.ts';
import { SOP_CLASSES } from '../association/uids.ts';

/** A study as the PACS lists it. */
export interface StudyListing {
  readonly instances: readonly ListedInstance[];
  /** Patients it stands under; usually one. The same ID of two issuers is one ID in a query. */
  readonly patientIds: readonly string[];
  /** SOP Classes in Study (0008,0062), where the PACS tells. */
  readonly sopClasses: readonly Uid[];
  /** The sum of (0020,1208) over its patients; undefined when one does not say. */
  readonly count: number | undefined;
}

/**
 * Lists a study; without instances when the PACS does not hold it.
 *
 * @throws {PacsError} as `find`
 */
export async function listStudy(
  association: Association,
  studyInstanceUid: Uid,
  options: SearchOptions,
): Promise<StudyListing> {
  const patientIds = new Set<string>();
  const sopClasses = new Set<Uid>();
  let count: number | undefined = 0;
  for await (const study of answeredStudies(association, { studyInstanceUid }, options)) {
    patientIds.add(study.patient.patientId.id);
    for (const uid of study.sopClasses ?? []) sopClasses.add(uid);
    count = study.instances === undefined || count === undefined ? undefined : count + study.instances;
  }
  const instances = new Map<Uid, ListedInstance>();
  for (const patientId of ranges(association, patientIds)) {
    for await (const instance of findInstances(association, studyInstanceUid, { ...options, patientId })) {
      instances.set(instance.sopInstanceUid, patientId === undefined ? instance : { ...instance, patientId });
    }
  }
  return { instances: [...instances.values()], patientIds: [...patientIds], sopClasses: [...sopClasses], count };
}

/** In the study root one search sees the whole study; in the patient root, each the part of one patient. */
function ranges(association: Association, patientIds: ReadonlySet<string>): Iterable<string | undefined> {
  if (patientIds.size === 0) return [];
  return association.contextFor(SOP_CLASSES.studyRootFind) === undefined ? patientIds : [undefined];
}
