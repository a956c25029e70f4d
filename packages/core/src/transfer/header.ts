/**
 * The study header as it travels: canonical JSON (RFC 8785) of the fields of {@link StudyHeader}, at most 256 KiB.
 *
 * It holds the patient's traits, and is therefore only ever in an offer (end-to-end encrypted) and in the journal (under
 * the exchange's key). Names are carried as they are written at the source, in whatever Unicode form: a header that were
 * refused for its spelling would be a study lost. A reader leaves out fields that it does not know, so that later
 * versions can say more.
 */
import { parseUid } from '../dicom/uid.ts';
import { TransferError } from '../errors/interhosp-error.ts';
import type {
  ArrivingPatient,
  IssuedId,
  LocalPatient,
  PatientTraits,
  PersonName,
  PersonNameGroups,
} from '../study/patient.ts';
import type { PractitionerMention, StudyHeader } from '../study/study.ts';
import { MAX_HEADER_BYTES } from './limits.ts';
import { list, object, optional, parsed, ShapeProblem, text, word, type OptionalShape, type Shape } from './shape.ts';

/** Longest text of one field, in UTF-16 units: DICOM's own (64 for most) with room for sources that overrun it. */
const MAX_TEXT = 4_096;
/** Most entries of one list; studies name a handful of modalities, patients a handful of other IDs. */
const MAX_LIST = 256;

/**
 * The header's canonical bytes.
 *
 * @throws {TransferError} `TRANSFER_PROTOCOL` when a field has another form, `TRANSFER_LIMIT` beyond {@link MAX_HEADER_BYTES}.
 */
export function encodeHeader(header: StudyHeader): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(canonicalJson(check(header)));
  if (bytes.length > MAX_HEADER_BYTES) throw tooLong(bytes.length);
  return bytes;
}

/**
 * Reads a header. Fields that are not known are left out.
 *
 * @throws {TransferError} `TRANSFER_LIMIT` before anything is parsed, `TRANSFER_PROTOCOL` with the field's name.
 */
export function decodeHeader(bytes: Uint8Array): StudyHeader {
  if (bytes.length > MAX_HEADER_BYTES) throw tooLong(bytes.length);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    // The parser's message quotes the text, so it is not kept as a cause.
    throw new TransferError('TRANSFER_PROTOCOL', { details: { field: 'header' } });
  }
  return check(value);
}

/** Canonical JSON of plain data: keys sorted, no space, strings well-formed. Fields that are undefined are left out. */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.toWellFormed());
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(',')}]`;
  const members = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
}

const line = text(MAX_TEXT);
const date = text(10, /^\d{4}-\d{2}-\d{2}$/);

const personName = object<PersonName>(
  { family: line, given: line, middle: line, prefix: line, suffix: line },
  { ignoreUnknown: true },
);
const personNameGroups = object<PersonNameGroups>(
  { alphabetic: personName, ideographic: optional(personName), phonetic: optional(personName) },
  { ignoreUnknown: true },
);
const issuedId = object<IssuedId>({ id: line, issuer: optional(line) }, { ignoreUnknown: true });

type TraitShapes = { readonly [K in keyof PatientTraits]-?: OptionalShape<Exclude<PatientTraits[K], undefined>> };
const traits: TraitShapes = {
  name: optional(personNameGroups),
  birthName: optional(personNameGroups),
  birthDate: optional(date),
  sex: optional(word(['M', 'F', 'O'])),
  nationalNumber: optional(line),
  otherIds: optional(list(issuedId, MAX_LIST)),
  street: optional(line),
  postcode: optional(line),
  city: optional(line),
  phone: optional(line),
};

/** Shape of a patient as a sender describes one. */
export const arrivingPatientShape: Shape<ArrivingPatient> = object<ArrivingPatient>(
  { ...traits, patientId: optional(issuedId) },
  { ignoreUnknown: true },
);
/** Shape of a patient of this hospital. */
export const localPatientShape: Shape<LocalPatient> = object<LocalPatient>(
  { ...traits, patientId: issuedId },
  { ignoreUnknown: true },
);

const practitioner = object<PractitionerMention>(
  { name: optional(personNameGroups), number: optional(line) },
  { ignoreUnknown: true },
);

/** Shape of a study header. */
export const studyHeaderShape: Shape<StudyHeader> = object<StudyHeader>(
  {
    studyInstanceUid: parsed(parseUid),
    patient: arrivingPatientShape,
    studyDate: optional(date),
    studyTime: optional(text(8, /^\d{2}:\d{2}:\d{2}$/)),
    accessionNumber: optional(line),
    studyId: optional(line),
    description: optional(line),
    modalities: list(text(64), MAX_LIST),
    bodyPart: optional(line),
    referringPhysician: optional(practitioner),
    requestingPhysician: optional(practitioner),
    institution: optional(line),
  },
  { ignoreUnknown: true },
);

function check(value: unknown): StudyHeader {
  try {
    return studyHeaderShape(value);
  } catch (error) {
    if (!(error instanceof ShapeProblem)) throw error;
    throw new TransferError('TRANSFER_PROTOCOL', { details: { field: `header.${error.path}` } });
  }
}

function tooLong(bytes: number): TransferError {
  return new TransferError('TRANSFER_LIMIT', { details: { kind: 'header', bytes, limit: MAX_HEADER_BYTES } });
}
