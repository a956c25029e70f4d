/** Searches the server answers (QIDO-RS): studies, and the instances of a study. */
import type { Uid } from '@interhosp/core/dicom';
import type { InstanceSummary, Pacs, PacsOptions, StudySummary } from '@interhosp/core/pacs';
import type { PersonName, PersonNameGroups } from '@interhosp/core/study';
import { parsePage, parseStudySearch } from './server-matching.ts';

/** An attribute in JSON (PS3.18 F.2.2). */
interface JsonAttribute {
  readonly vr: string;
  readonly Value?: readonly unknown[];
}

/** A data set in JSON. */
export type WrittenDataSet = Readonly<Record<string, JsonAttribute>>;

/** The page of studies that was asked for. @throws {HttpProblem} 400 */
export async function findStudies(
  pacs: Pacs,
  parameters: URLSearchParams,
  options: PacsOptions,
): Promise<readonly WrittenDataSet[]> {
  const { query, matches, limit, offset } = parseStudySearch(parameters);
  const page: WrittenDataSet[] = [];
  let skipped = 0;
  if (limit === 0) return page;
  for await (const study of pacs.findStudies(query, options)) {
    if (!matches(study)) continue;
    if (skipped++ < offset) continue;
    page.push(studyJson(study));
    if (page.length === limit) break;
  }
  return page;
}

/** The page of instances that was asked for. @throws {HttpProblem} 400 */
export async function findInstances(
  pacs: Pacs,
  studyInstanceUid: Uid,
  seriesInstanceUid: Uid | undefined,
  parameters: URLSearchParams,
  options: PacsOptions,
): Promise<readonly WrittenDataSet[]> {
  const { limit, offset } = parsePage(parameters);
  const page: WrittenDataSet[] = [];
  let skipped = 0;
  if (limit === 0) return page;
  for await (const instance of pacs.findInstances(studyInstanceUid, options)) {
    if (seriesInstanceUid !== undefined && instance.seriesInstanceUid !== seriesInstanceUid) continue;
    if (skipped++ < offset) continue;
    page.push(instanceJson(studyInstanceUid, instance));
    if (page.length === limit) break;
  }
  return page;
}

function studyJson({ studyInstanceUid, patient, header, instances }: StudySummary): WrittenDataSet {
  return {
    '00080005': attribute('CS', 'ISO_IR 192'),
    '00080020': attribute('DA', header.studyDate?.replaceAll('-', '')),
    '00080030': attribute('TM', header.studyTime?.replaceAll(':', '')),
    '00080050': attribute('SH', header.accessionNumber),
    '00080061': attribute('CS', ...header.modalities),
    '00080080': attribute('LO', header.institution),
    '00080090': nameAttribute(header.referringPhysician?.name),
    '00081030': attribute('LO', header.description),
    '00100010': nameAttribute(patient.name),
    '00100020': attribute('LO', patient.patientId.id === '' ? undefined : patient.patientId.id),
    '00100021': attribute('LO', patient.patientId.issuer),
    '00100030': attribute('DA', patient.birthDate?.replaceAll('-', '')),
    '00100040': attribute('CS', patient.sex),
    '0020000D': attribute('UI', studyInstanceUid),
    '00200010': attribute('SH', header.studyId),
    '00201208': attribute('IS', instances),
  };
}

function instanceJson(studyInstanceUid: Uid, instance: InstanceSummary): WrittenDataSet {
  return {
    '00080016': attribute('UI', instance.sopClassUid),
    '00080018': attribute('UI', instance.sopInstanceUid),
    '0020000D': attribute('UI', studyInstanceUid),
    '0020000E': attribute('UI', instance.seriesInstanceUid),
  };
}

function attribute(vr: string, ...values: readonly unknown[]): JsonAttribute {
  const present = values.filter((value) => value !== undefined);
  return present.length === 0 ? { vr } : { vr, Value: present };
}

function nameAttribute(name: PersonNameGroups | undefined): JsonAttribute {
  if (name === undefined) return { vr: 'PN' };
  const { alphabetic, ideographic, phonetic } = name;
  const group = (parts: PersonName | undefined): string | undefined => {
    if (parts === undefined) return undefined;
    const { family, given, middle, prefix, suffix } = parts;
    return [family, given, middle, prefix, suffix].join('^').replace(/\^+$/, '');
  };
  const value = { Alphabetic: group(alphabetic), Ideographic: group(ideographic), Phonetic: group(phonetic) };
  return attribute('PN', Object.fromEntries(Object.entries(value).filter(([, text]) => text !== undefined)));
}
