/**
 * The attributes that a rule may name, and where their values come from: the study's header, or the data set's own
 * elements where the caller has them at hand.
 */
import type { Tag } from '../dicom/tag.ts';
import type { PersonName, PersonNameGroups } from '../study/patient.ts';
import type { StudyHeader } from '../study/study.ts';
import type { Matching } from './match-values.ts';

/** A study as routing sees it: its header and, optionally, further elements by tag. */
export interface RoutableStudy extends StudyHeader {
  /** Values of top-level elements of the first instance, as text, one entry per value; the header goes first. */
  readonly attributes?: ReadonlyMap<Tag, readonly string[]>;
}

/** An attribute that rules may name. */
export interface Attribute {
  /** Keyword (PS3.6), or `(gggg,eeee)` for those not in the table. */
  readonly keyword: string;
  readonly tag: Tag;
  readonly matching: Matching;
  /** A practitioner's name: a match proposes and never sends by itself. */
  readonly isPractitionerName?: true;
}

/** PS3.6, the attributes that routing rules have a use for. */
export const ATTRIBUTES: readonly Attribute[] = [
  { keyword: 'SOPClassUID', tag: 0x00080016, matching: 'exact' },
  { keyword: 'StudyDate', tag: 0x00080020, matching: 'date' },
  { keyword: 'SeriesDate', tag: 0x00080021, matching: 'date' },
  { keyword: 'AcquisitionDate', tag: 0x00080022, matching: 'date' },
  { keyword: 'StudyTime', tag: 0x00080030, matching: 'time' },
  { keyword: 'AccessionNumber', tag: 0x00080050, matching: 'text' },
  { keyword: 'Modality', tag: 0x00080060, matching: 'text' },
  { keyword: 'ModalitiesInStudy', tag: 0x00080061, matching: 'text' },
  { keyword: 'Manufacturer', tag: 0x00080070, matching: 'text' },
  { keyword: 'InstitutionName', tag: 0x00080080, matching: 'text' },
  { keyword: 'InstitutionAddress', tag: 0x00080081, matching: 'text' },
  { keyword: 'ReferringPhysicianName', tag: 0x00080090, matching: 'name', isPractitionerName: true },
  { keyword: 'StationName', tag: 0x00081010, matching: 'text' },
  { keyword: 'StudyDescription', tag: 0x00081030, matching: 'text' },
  { keyword: 'SeriesDescription', tag: 0x0008103e, matching: 'text' },
  { keyword: 'InstitutionalDepartmentName', tag: 0x00081040, matching: 'text' },
  { keyword: 'PhysiciansOfRecord', tag: 0x00081048, matching: 'name', isPractitionerName: true },
  { keyword: 'PerformingPhysicianName', tag: 0x00081050, matching: 'name', isPractitionerName: true },
  { keyword: 'NameOfPhysiciansReadingStudy', tag: 0x00081060, matching: 'name', isPractitionerName: true },
  { keyword: 'ManufacturerModelName', tag: 0x00081090, matching: 'text' },
  { keyword: 'PatientName', tag: 0x00100010, matching: 'name' },
  { keyword: 'PatientID', tag: 0x00100020, matching: 'text' },
  { keyword: 'IssuerOfPatientID', tag: 0x00100021, matching: 'text' },
  { keyword: 'PatientBirthDate', tag: 0x00100030, matching: 'date' },
  { keyword: 'PatientSex', tag: 0x00100040, matching: 'text' },
  { keyword: 'BodyPartExamined', tag: 0x00180015, matching: 'text' },
  { keyword: 'ProtocolName', tag: 0x00181030, matching: 'text' },
  { keyword: 'StudyInstanceUID', tag: 0x0020000d, matching: 'exact' },
  { keyword: 'StudyID', tag: 0x00200010, matching: 'text' },
  { keyword: 'RequestingPhysician', tag: 0x00321032, matching: 'name', isPractitionerName: true },
  { keyword: 'RequestingService', tag: 0x00321033, matching: 'text' },
  { keyword: 'RequestedProcedureDescription', tag: 0x00321060, matching: 'text' },
  { keyword: 'CurrentPatientLocation', tag: 0x00380300, matching: 'text' },
  { keyword: 'RequestedProcedureID', tag: 0x00401001, matching: 'text' },
];

const BY_KEYWORD: ReadonlyMap<string, Attribute> = new Map(ATTRIBUTES.map((entry) => [entry.keyword, entry]));
const BY_TAG: ReadonlyMap<Tag, Attribute> = new Map(ATTRIBUTES.map((entry) => [entry.tag, entry]));

/** The attribute of a keyword or of `(gggg,eeee)`; undefined for a keyword that is not in the table. */
export function attributeNamed(name: string): Attribute | undefined {
  const known = BY_KEYWORD.get(name);
  if (known !== undefined) return known;
  const digits = /^\(([0-9A-Fa-f]{4}),([0-9A-Fa-f]{4})\)$/.exec(name);
  if (digits === null) return undefined;
  const tag: Tag = Number.parseInt(`${digits[1]}${digits[2]}`, 16);
  return BY_TAG.get(tag) ?? { keyword: name.toUpperCase(), tag, matching: 'text' };
}

/** The values of an attribute in a study; empty when it is absent or blank. */
export function valuesOf(study: RoutableStudy, attribute: Attribute): readonly string[] {
  const fromHeader = present(headerValues(study, attribute.keyword));
  return fromHeader.length > 0 ? fromHeader : present(study.attributes?.get(attribute.tag) ?? []);
}

function headerValues(study: StudyHeader, keyword: string): readonly (string | undefined)[] {
  const { patient } = study;
  switch (keyword) {
    case 'StudyInstanceUID':
      return [study.studyInstanceUid];
    case 'StudyDate':
      return [study.studyDate];
    case 'StudyTime':
      return [study.studyTime];
    case 'AccessionNumber':
      return [study.accessionNumber];
    case 'StudyID':
      return [study.studyId];
    case 'StudyDescription':
      return [study.description];
    case 'Modality':
    case 'ModalitiesInStudy':
      return study.modalities;
    case 'BodyPartExamined':
      return [study.bodyPart];
    case 'InstitutionName':
      return [study.institution];
    case 'ReferringPhysicianName':
      return nameValues(study.referringPhysician?.name);
    case 'RequestingPhysician':
      return nameValues(study.requestingPhysician?.name);
    case 'PatientName':
      return nameValues(patient.name);
    case 'PatientID':
      return [patient.patientId?.id];
    case 'IssuerOfPatientID':
      return [patient.patientId?.issuer];
    case 'PatientBirthDate':
      return [patient.birthDate];
    case 'PatientSex':
      return [patient.sex];
    default:
      return [];
  }
}

/** Each component group is a value of its own, so that a rule written in Latin letters meets the Latin group. */
function nameValues(groups: PersonNameGroups | undefined): readonly string[] {
  if (groups === undefined) return [];
  return [groups.alphabetic, groups.ideographic, groups.phonetic].filter((name) => name !== undefined).map(spell);
}

function spell({ family, given, middle, prefix, suffix }: PersonName): string {
  return [family, given, middle, prefix, suffix].join('^');
}

function present(values: readonly (string | undefined)[]): readonly string[] {
  return values.filter((value): value is string => value !== undefined && /[^ ^]/.test(value));
}
