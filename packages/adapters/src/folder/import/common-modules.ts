/**
 * What every object has: Patient (PS3.3 C.7.1.1), General Study (C.7.2.1), General Series (C.7.3.1), General Equipment
 * (C.7.5.1), SOP Common (C.12.1). Values come from the study or the sidecar; what neither says is empty where the attribute
 * must be there, and absent where it may be.
 */
import type { Uid, Vr } from '@interhosp/core/dicom';
import { ImportError } from '@interhosp/core/errors';
import type { DictionaryEntry } from '../../dcmjs/index.ts';
import { attributes, type Attributes } from './attributes.ts';
import { derivedUid } from './derived-uid.ts';
import { SERIES_KEYWORDS, STUDY_KEYWORDS, type CodeKeyword, type Keyword } from './keywords.ts';
import type { Placement } from './placement.ts';
import type { Code, Said } from './sidecar.ts';

/** Everything an object is made from beside its content. */
export interface Subject {
  readonly placement: Placement;
  readonly said: Said;
  /** SHA-256 of the content, in hexadecimal digits. */
  readonly digest: string;
  readonly dictionary: Readonly<Record<string, DictionaryEntry>>;
}

/** What kind of object it becomes. */
export interface ObjectKind {
  readonly sopClassUid: Uid;
  /** Where the sidecar says none. */
  readonly modality: string;
}

/** Attributes that must be there though they may be empty (type 2). */
const EMPTY_IF_UNKNOWN = [
  'PatientName',
  'PatientID',
  'PatientBirthDate',
  'PatientSex',
  'StudyDate',
  'StudyTime',
  'AccessionNumber',
  'StudyID',
  'ReferringPhysicianName',
  'SeriesNumber',
  'InstanceNumber',
  'Manufacturer',
] as const satisfies readonly Keyword[];

/** The attributes of the common modules. */
export function commonModules({ modality, sopClassUid }: ObjectKind, subject: Subject): Attributes {
  const { digest, placement, said } = subject;
  const level = attributes();
  for (const keyword of EMPTY_IF_UNKNOWN) setValue(level, subject, keyword, '');
  for (const keyword of STUDY_KEYWORDS) setIfKnown(level, subject, keyword, placement.values.get(keyword));
  for (const keyword of SERIES_KEYWORDS) setIfKnown(level, subject, keyword, said.values.get(keyword));
  setValue(level, subject, 'Modality', said.values.get('Modality') ?? modality);
  setValue(level, subject, 'InstanceNumber', said.values.get('InstanceNumber') ?? '1');
  for (const keyword of ['ContentDate', 'ContentTime', 'AcquisitionDateTime', 'TimezoneOffsetFromUTC'] as const) {
    setIfKnown(level, subject, keyword, said.values.get(keyword));
  }
  const { studyInstanceUid } = placement;
  level.text(0x00080016, 'UI', sopClassUid);
  const series = seriesUid(sopClassUid, studyInstanceUid, said);
  // In another series the same content is another instance: one UID never stands in two (PS3.5 9).
  level.text(0x00080018, 'UI', derivedUid('instance', series, digest));
  level.text(0x0020000d, 'UI', studyInstanceUid);
  level.text(0x0020000e, 'UI', series);
  return level;
}

/** Sets a value by keyword; tag and VR come from the dictionary. */
export function setValue(level: Attributes, { dictionary }: Subject, keyword: Keyword, value: string): void {
  const entry = dictionary[keyword];
  if (entry === undefined) throw new Error(`the dictionary has no ${keyword}`);
  level.text(Number.parseInt(entry.tag, 16), entry.vr as Exclude<Vr, 'SQ'>, value);
}

/** The same, where there is a value. */
export function setIfKnown(level: Attributes, subject: Subject, keyword: Keyword, value: string | undefined): void {
  if (value !== undefined && value !== '') setValue(level, subject, keyword, value);
}

/** A value that an object of a kind must have. @throws {ImportError} `IMPORT_VALUE_MISSING` */
export function needed(value: string | undefined, field: Keyword): string {
  if (value === undefined || value === '') throw new ImportError('IMPORT_VALUE_MISSING', { details: { field } });
  return value;
}

/** A code that an object of a kind must have. @throws {ImportError} `IMPORT_VALUE_MISSING` */
export function neededCode({ said }: Subject, field: CodeKeyword): Code {
  const code = said.codes.get(field);
  if (code === undefined) throw new ImportError('IMPORT_VALUE_MISSING', { details: { field } });
  return code;
}

/** Files of one study, kind and series attributes are one series. */
function seriesUid(sopClassUid: Uid, studyInstanceUid: Uid, { values }: Said): Uid {
  const own = SERIES_KEYWORDS.map((keyword) => values.get(keyword) ?? '');
  return derivedUid('series', sopClassUid, studyInstanceUid, ...own);
}
