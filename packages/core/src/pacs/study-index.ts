/**
 * An index of instances by study and patient, for PACS that are made of files or of memory. It answers as a PACS should:
 * a study whose instances name two patients is listed once under each.
 */
import type { Uid } from '../dicom/uid.ts';
import type { InstanceIdentity, IssuedId, StudyHeader } from '../study/index.ts';
import type { StudyQuery, StudySummary } from './pacs.ts';
import { matchesStudyQuery } from './study-query.ts';

/** What an instance must bring to be indexed; adapters add where its bytes lie. */
export interface IndexedInstance extends InstanceIdentity {
  /** As read from this instance alone. */
  readonly header: StudyHeader;
}

/** Instances of one study under one patient. The first one tells name, date and so on, as in most PACS. */
interface Group<T> {
  readonly instances: Map<Uid, T>;
}

/** An index in memory. Instances are told apart by SOP Instance UID *and* patient. */
export interface StudyIndex<T extends IndexedInstance> {
  /** Number of instances. */
  readonly size: number;
  /** Adds an instance; one with the same UID under the same patient is replaced. */
  add(instance: T): void;
  /** Removing what is not there is fine. */
  remove(instance: T): void;
  /** Every instance with this SOP Instance UID; two when it stands under two patients. */
  withUid(instance: Pick<InstanceIdentity, 'studyInstanceUid' | 'sopInstanceUid'>): readonly T[];
  /** The studies that match, as they are at this moment. */
  studies(query: StudyQuery): readonly StudySummary[];
  /** The instances of a study under whatever patient; empty when there is no such study. */
  instances(studyInstanceUid: Uid): readonly T[];
}

/** Makes an empty index. */
export function createStudyIndex<T extends IndexedInstance>(): StudyIndex<T> {
  const studies = new Map<Uid, Map<string, Group<T>>>();
  let size = 0;

  const remove = (instance: T): void => {
    const groups = studies.get(instance.studyInstanceUid);
    const key = patientKey(instance);
    const group = groups?.get(key);
    if (groups === undefined || group?.instances.delete(instance.sopInstanceUid) !== true) return;
    size--;
    if (group.instances.size === 0) groups.delete(key);
    if (groups.size === 0) studies.delete(instance.studyInstanceUid);
  };

  const add = (instance: T): void => {
    const groups = getOrAdd(studies, instance.studyInstanceUid, () => new Map<string, Group<T>>());
    const group = getOrAdd(groups, patientKey(instance), () => ({ instances: new Map<Uid, T>() }));
    if (!group.instances.has(instance.sopInstanceUid)) size++;
    group.instances.set(instance.sopInstanceUid, instance);
  };

  const groupsOf = (query: StudyQuery): Iterable<Map<string, Group<T>>> => {
    if (query.studyInstanceUid === undefined) return studies.values();
    const groups = studies.get(query.studyInstanceUid);
    return groups === undefined ? [] : [groups];
  };

  return {
    get size() {
      return size;
    },
    add,
    remove,
    withUid: ({ studyInstanceUid, sopInstanceUid }) =>
      [...(studies.get(studyInstanceUid)?.values() ?? [])].flatMap(
        (group) => group.instances.get(sopInstanceUid) ?? [],
      ),
    studies: (query) =>
      [...groupsOf(query)].flatMap((groups) =>
        [...groups.values()].map(summaryOf).filter((study) => matchesStudyQuery(study, query)),
      ),
    instances: (studyInstanceUid) =>
      [...(studies.get(studyInstanceUid)?.values() ?? [])].flatMap((group) => [...group.instances.values()]),
  };
}

function summaryOf<T extends IndexedInstance>(group: Group<T>): StudySummary {
  const [first] = group.instances.values();
  if (first === undefined) throw new Error('a group without instances is removed');
  const modalities = new Set<string>();
  for (const { header } of group.instances.values()) for (const modality of header.modalities) modalities.add(modality);
  const { patient } = first.header;
  return {
    studyInstanceUid: first.studyInstanceUid,
    patient: {
      patientId: patientIdOf(first),
      ...(patient.name !== undefined && { name: patient.name }),
      ...(patient.birthDate !== undefined && { birthDate: patient.birthDate }),
      ...(patient.sex !== undefined && { sex: patient.sex }),
    },
    header: { ...first.header, modalities: [...modalities].toSorted() },
    instances: group.instances.size,
  };
}

function patientIdOf(instance: IndexedInstance): IssuedId {
  return instance.header.patient.patientId ?? { id: '' };
}

function patientKey(instance: IndexedInstance): string {
  const { id, issuer } = patientIdOf(instance);
  return JSON.stringify([id, issuer]);
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
