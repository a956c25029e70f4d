/**
 * What an instance's header tells of its patient and study. Values are read tolerantly: one that makes no sense is left
 * out, as a missing one would be; only the identifiers without which nothing can be filed are required.
 */
import { DicomError } from '../errors/interhosp-error.ts';
import type { ArrivingPatient, IssuedId, PersonNameGroups, Sex } from '../study/patient.ts';
import type { InstanceIdentity, PractitionerMention, StudyHeader } from '../study/study.ts';
import { latin1Text } from './bytes.ts';
import type { ByteSource } from './byte-source.ts';
import { ASCII_CHARACTER_SET, characterSetOf, type CharacterSet } from './character-set.ts';
import { withDataSet, type OpenDataSetOptions } from './data-set.ts';
import { parseDate, parseTime } from './date-time.ts';
import type { VrForm } from './encode.ts';
import type { HeaderValue, HeaderValues } from './header-scanner.ts';
import { DICOM_LIMITS } from './limits.ts';
import { parseElements, parseItems } from './parse.ts';
import { trimPadding } from './padding.ts';
import { parsePersonName } from './person-name.ts';
import { formatTag, TAGS, type Tag } from './tag.ts';
import { tryParseUid, type Uid } from './uid.ts';
import { isCharacterSetText } from './vr.ts';
import { readValue, walkElements, type ElementSpan } from './walk.ts';

/** How a header is read. */
export interface StudyHeaderOptions {
  /**
   * Issuers whose identifiers are national numbers, compared without case: an item of Other Patient IDs Sequence
   * (0010,1002), or the Patient ID itself, that names one gives `nationalNumber`. Default none.
   */
  readonly nationalNumberIssuers?: readonly string[];
  /** Character set of sources that declare none yet write bytes over 7FH, e.g. `ISO_IR 100`. Default: such text is unread. */
  readonly undeclaredCharacterSet?: string;
}

/** What was read. */
export interface ReadStudyHeader {
  readonly identity: InstanceIdentity;
  readonly header: StudyHeader;
}

/** As {@link ReadStudyHeader}, of a data set that may lack identifiers. */
export interface IncompleteHeader {
  readonly identity: Partial<InstanceIdentity>;
  readonly header: Omit<StudyHeader, 'studyInstanceUid'>;
}

/** The tags a study header is read from. */
export const STUDY_HEADER_TAGS: ReadonlySet<Tag> = new Set([
  TAGS.SpecificCharacterSet,
  TAGS.SOPClassUID,
  TAGS.SOPInstanceUID,
  TAGS.StudyDate,
  TAGS.StudyTime,
  TAGS.AccessionNumber,
  TAGS.Modality,
  TAGS.ModalitiesInStudy,
  TAGS.InstitutionName,
  TAGS.ReferringPhysicianName,
  TAGS.ReferringPhysicianIdentificationSequence,
  TAGS.StudyDescription,
  TAGS.PatientName,
  TAGS.PatientID,
  TAGS.IssuerOfPatientID,
  TAGS.IssuerOfPatientIDQualifiersSequence,
  TAGS.PatientBirthDate,
  TAGS.PatientSex,
  TAGS.OtherPatientIDsSequence,
  TAGS.PatientBirthName,
  TAGS.PatientAddress,
  TAGS.PatientTelephoneNumbers,
  TAGS.BodyPartExamined,
  TAGS.StudyInstanceUID,
  TAGS.SeriesInstanceUID,
  TAGS.StudyID,
  TAGS.RequestingPhysicianIdentificationSequence,
  TAGS.RequestingPhysician,
]);

/**
 * Reads the header of a data set by random access.
 *
 * @throws {DicomError} `DICOM_IDENTITY_MISSING`, `DICOM_TRUNCATED`, `DICOM_MALFORMED`, `DICOM_LIMIT`
 */
export async function readStudyHeader(
  source: ByteSource,
  transferSyntaxUid: Uid,
  options: StudyHeaderOptions & OpenDataSetOptions = {},
): Promise<ReadStudyHeader> {
  const values = await readHeaderValues(source, transferSyntaxUid, STUDY_HEADER_TAGS, options);
  return interpretHeader(values, transferSyntaxUid, options);
}

/** Collects the values of some top-level tags; those longer than `DICOM_LIMITS.valueBytes` are left out. */
export async function readHeaderValues(
  source: ByteSource,
  transferSyntaxUid: Uid,
  wanted: ReadonlySet<Tag>,
  options: OpenDataSetOptions = {},
): Promise<HeaderValues> {
  const { signal } = options;
  const walk = { stopAfter: Math.max(...wanted), ...(signal !== undefined && { signal }) };
  return withDataSet(source, transferSyntaxUid, options, (dataSet) =>
    collectValues(dataSet.source, dataSet.form, walkElements(dataSet.source, dataSet.form, walk), wanted),
  );
}

/** Reads the wanted values among spans that were walked already; the first of a tag counts. */
export async function collectValues(
  source: ByteSource,
  form: VrForm,
  spans: Iterable<ElementSpan> | AsyncIterable<ElementSpan>,
  wanted: ReadonlySet<Tag>,
): Promise<HeaderValues> {
  const values = new Map<Tag, HeaderValue>();
  for await (const span of spans) {
    if (!wanted.has(span.tag) || values.has(span.tag)) continue;
    if (span.endOffset - span.valueOffset > DICOM_LIMITS.valueBytes) continue;
    const bytes = await readValue(source, span, DICOM_LIMITS.valueBytes);
    const innerForm = span.vr === 'UN' ? 'implicit' : form;
    values.set(span.tag, { vr: span.vr, bytes, isUndefinedLength: span.lengthBytes === undefined, innerForm });
  }
  return values;
}

/** Makes sense of collected values, whichever way they were read. @throws {DicomError} `DICOM_IDENTITY_MISSING` */
export function interpretHeader(
  values: HeaderValues,
  transferSyntaxUid: Uid,
  options: StudyHeaderOptions = {},
): ReadStudyHeader {
  const { header, identity } = interpretIncomplete(values, options);
  const required = (uid: Uid | undefined, tag: Tag): Uid => {
    if (uid === undefined) throw new DicomError('DICOM_IDENTITY_MISSING', { details: { tag: formatTag(tag) } });
    return uid;
  };
  const studyInstanceUid = required(identity.studyInstanceUid, TAGS.StudyInstanceUID);
  return {
    identity: {
      studyInstanceUid,
      seriesInstanceUid: required(identity.seriesInstanceUid, TAGS.SeriesInstanceUID),
      sopInstanceUid: required(identity.sopInstanceUid, TAGS.SOPInstanceUID),
      sopClassUid: required(identity.sopClassUid, TAGS.SOPClassUID),
      transferSyntaxUid,
    },
    header: { studyInstanceUid, ...header },
  };
}

/** Makes sense of collected values, of whatever identifiers are there. */
export function interpretIncomplete(values: HeaderValues, options: StudyHeaderOptions = {}): IncompleteHeader {
  const reader = createReader(values, options);
  const uid = (tag: Tag): Uid | undefined => tryParseUid(reader.text(tag) ?? '');
  const identity = defined({
    studyInstanceUid: uid(TAGS.StudyInstanceUID),
    seriesInstanceUid: uid(TAGS.SeriesInstanceUID),
    sopInstanceUid: uid(TAGS.SOPInstanceUID),
    sopClassUid: uid(TAGS.SOPClassUID),
  });
  const modalities = [reader.text(TAGS.Modality), reader.text(TAGS.ModalitiesInStudy)]
    .flatMap((text) => (text ?? '').split('\\'))
    .map((modality) => modality.trim())
    .filter((modality) => modality !== '');
  const header = {
    patient: patientOf(reader, options.nationalNumberIssuers ?? []),
    modalities: [...new Set(modalities)].toSorted(),
    ...defined({
      studyDate: parseDate(reader.text(TAGS.StudyDate) ?? ''),
      studyTime: parseTime(reader.text(TAGS.StudyTime) ?? ''),
      accessionNumber: reader.text(TAGS.AccessionNumber),
      studyId: reader.text(TAGS.StudyID),
      description: reader.text(TAGS.StudyDescription),
      bodyPart: reader.text(TAGS.BodyPartExamined),
      institution: reader.text(TAGS.InstitutionName),
      referringPhysician: practitionerOf(
        reader,
        TAGS.ReferringPhysicianName,
        TAGS.ReferringPhysicianIdentificationSequence,
      ),
      requestingPhysician: practitionerOf(
        reader,
        TAGS.RequestingPhysician,
        TAGS.RequestingPhysicianIdentificationSequence,
      ),
    }),
  };
  return { identity, header };
}

/** The character set of a data set; undeclared bytes fall to the option, undefined when a term is unknown. */
export function declaredCharacterSet(values: HeaderValues, options: StudyHeaderOptions = {}): CharacterSet | undefined {
  const declared = values.get(TAGS.SpecificCharacterSet);
  const text = declared === undefined ? '' : trimText(latin1Text(declared.bytes));
  return characterSetOf(text === '' ? options.undeclaredCharacterSet : text);
}

/** Values of one level: the data set's or an item's. */
interface LevelReader {
  /** Trimmed text of a value, all values of it; undefined when absent, empty or unreadable. */
  text(tag: Tag): string | undefined;
  name(tag: Tag): PersonNameGroups | undefined;
  items(tag: Tag): readonly LevelReader[];
}

function createReader(values: HeaderValues, options: StudyHeaderOptions): LevelReader {
  return levelReader(values, declaredCharacterSet(values, options) ?? ASCII_CHARACTER_SET);
}

function levelReader(values: HeaderValues, characterSet: CharacterSet): LevelReader {
  const text = (tag: Tag): string | undefined => {
    const value = values.get(tag);
    if (value === undefined || value.vr === 'SQ' || value.isUndefinedLength) return undefined;
    const isText = isCharacterSetText(value.vr) || value.vr === 'UN';
    const trimmed = trimText(isText ? characterSet.decode(value.bytes) : latin1Text(value.bytes));
    return trimmed === '' ? undefined : trimmed;
  };
  return {
    text,
    // One name counts; a second value of a name is an alias nobody should match on.
    name: (tag) => parsePersonName((text(tag) ?? '').split('\\')[0] ?? ''),
    items: (tag) => itemReaders(values.get(tag), characterSet),
  };
}

/** An identifying sequence that cannot be walked is left out: its element is whole, and the bytes travel as they are. */
function itemReaders(value: HeaderValue | undefined, characterSet: CharacterSet): readonly LevelReader[] {
  if (value === undefined) return [];
  try {
    return parseItems(value.bytes, value.innerForm, value).map(({ content }) => {
      const elements = new Map<Tag, HeaderValue>();
      for (const { tag, value: bytes, ...rest } of parseElements(content, value.innerForm)) {
        elements.set(tag, { bytes, ...rest });
      }
      const own = elements.has(TAGS.SpecificCharacterSet) ? declaredCharacterSet(elements) : characterSet;
      return levelReader(elements, own ?? ASCII_CHARACTER_SET);
    });
  } catch (error) {
    if (error instanceof DicomError) return [];
    throw error;
  }
}

function patientOf(reader: LevelReader, nationalIssuers: readonly string[]): ArrivingPatient {
  const isNational = ({ issuer }: IssuedId): boolean =>
    nationalIssuers.some((national) => national.toLowerCase() === issuer?.toLowerCase());
  const patientId = issuedIdOf(reader);
  const others = reader
    .items(TAGS.OtherPatientIDsSequence)
    .map(issuedIdOf)
    .filter((id) => id !== undefined);
  const national = [...others, ...(patientId === undefined ? [] : [patientId])].find(isNational);
  const otherIds = others.filter((id) => !isNational(id));
  return defined({
    patientId,
    name: reader.name(TAGS.PatientName),
    birthName: reader.name(TAGS.PatientBirthName),
    birthDate: parseDate(reader.text(TAGS.PatientBirthDate) ?? ''),
    sex: sexOf(reader.text(TAGS.PatientSex)),
    nationalNumber: national?.id.replaceAll(/[^0-9A-Za-z]/g, ''),
    otherIds: otherIds.length === 0 ? undefined : otherIds,
    // DICOM has one line for the whole address.
    street: reader.text(TAGS.PatientAddress)?.split('\\')[0],
    phone: reader.text(TAGS.PatientTelephoneNumbers)?.split('\\')[0],
  });
}

/** Patient ID with Issuer of Patient ID, or the Universal Entity ID of its qualifiers. */
function issuedIdOf(reader: LevelReader): IssuedId | undefined {
  const id = reader.text(TAGS.PatientID);
  if (id === undefined) return undefined;
  const qualifiers = reader.items(TAGS.IssuerOfPatientIDQualifiersSequence)[0];
  const issuer = reader.text(TAGS.IssuerOfPatientID) ?? qualifiers?.text(TAGS.UniversalEntityID);
  return issuer === undefined ? { id } : { id, issuer };
}

function sexOf(text: string | undefined): Sex | undefined {
  return text === 'M' || text === 'F' || text === 'O' ? text : undefined;
}

function practitionerOf(reader: LevelReader, nameTag: Tag, codesTag: Tag): PractitionerMention | undefined {
  const name = reader.name(nameTag);
  const code = reader.items(codesTag)[0]?.items(TAGS.PersonIdentificationCodeSequence)[0];
  const number = code?.text(TAGS.CodeValue) ?? code?.text(TAGS.LongCodeValue);
  return name === undefined && number === undefined ? undefined : defined({ name, number });
}

/** Neither padding nor blanks before it are part of a value. */
function trimText(text: string): string {
  return trimPadding(text).trimStart();
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** The fields that have a value. */
function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}
