/**
 * A patient as bytes: traits in a fixed order without their names, half the size of an object in JSON. Equal patients have
 * equal bytes, whatever the order of their traits, so that a record that did not change is known by them.
 */
import type { IssuedId, LocalPatient, PersonName, PersonNameGroups, Sex } from '@interhosp/core/study';

type PackedName = readonly [string, string, string, string, string];
type PackedGroups = readonly [PackedName, (PackedName | 0)?, (PackedName | 0)?];
type PackedId = readonly [string, string?];
type PackedText = string | 0;
/** 0 stands for what is absent; what is absent at the end is left out. */
type Packed = readonly [
  id: PackedId,
  name?: PackedGroups | 0,
  birthDate?: PackedText,
  sex?: PackedText,
  nationalNumber?: PackedText,
  street?: PackedText,
  postcode?: PackedText,
  city?: PackedText,
  phone?: PackedText,
  birthName?: PackedGroups | 0,
  otherIds?: readonly PackedId[] | 0,
];

/** Packs a patient. JSON keeps every text as it is, halves of surrogate pairs too. */
export function packRecord(patient: LocalPatient): Uint8Array {
  const {
    patientId,
    name,
    birthDate,
    sex,
    nationalNumber,
    street,
    postcode,
    city,
    phone,
    birthName,
    otherIds,
    ...rest
  } = patient;
  // A trait that is added one day must be packed, or the index would lose it.
  rest satisfies Record<never, never>;
  const packed: unknown[] = [
    packedId(patientId),
    packedGroups(name),
    birthDate ?? 0,
    sex ?? 0,
    nationalNumber ?? 0,
    street ?? 0,
    postcode ?? 0,
    city ?? 0,
    phone ?? 0,
    packedGroups(birthName),
    otherIds === undefined ? 0 : otherIds.map(packedId),
  ];
  while (packed.at(-1) === 0) packed.pop();
  return Buffer.from(JSON.stringify(packed), 'utf8');
}

/** Reverses {@link packRecord}; traits that were undefined are absent. */
export function unpackRecord(bytes: Uint8Array): LocalPatient {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  const [id, name, birthDate, sex, nationalNumber, street, postcode, city, phone, birthName, otherIds] = JSON.parse(
    text,
  ) as Packed;
  const patient: { -readonly [T in keyof LocalPatient]: LocalPatient[T] } = { patientId: unpackedId(id) };
  if (name) patient.name = unpackedGroups(name);
  if (isThere(birthDate)) patient.birthDate = birthDate;
  if (isThere(sex)) patient.sex = sex as Sex;
  if (isThere(nationalNumber)) patient.nationalNumber = nationalNumber;
  if (isThere(street)) patient.street = street;
  if (isThere(postcode)) patient.postcode = postcode;
  if (isThere(city)) patient.city = city;
  if (isThere(phone)) patient.phone = phone;
  if (birthName) patient.birthName = unpackedGroups(birthName);
  if (otherIds) patient.otherIds = otherIds.map(unpackedId);
  return patient;
}

function isThere(text: PackedText | undefined): text is string {
  return text !== undefined && text !== 0;
}

function packedId({ id, issuer }: IssuedId): PackedId {
  return issuer === undefined ? [id] : [id, issuer];
}

function unpackedId([id, issuer]: PackedId): IssuedId {
  return issuer === undefined ? { id } : { id, issuer };
}

function packedGroups(groups: PersonNameGroups | undefined): PackedGroups | 0 {
  if (groups === undefined) return 0;
  const { alphabetic, ideographic, phonetic } = groups;
  if (phonetic !== undefined) {
    return [packedName(alphabetic), ideographic === undefined ? 0 : packedName(ideographic), packedName(phonetic)];
  }
  return ideographic === undefined ? [packedName(alphabetic)] : [packedName(alphabetic), packedName(ideographic)];
}

function unpackedGroups([alphabetic, ideographic, phonetic]: PackedGroups): PersonNameGroups {
  return {
    alphabetic: unpackedName(alphabetic),
    ...(ideographic ? { ideographic: unpackedName(ideographic) } : {}),
    ...(phonetic ? { phonetic: unpackedName(phonetic) } : {}),
  };
}

function packedName({ family, given, middle, prefix, suffix }: PersonName): PackedName {
  return [family, given, middle, prefix, suffix];
}

function unpackedName([family, given, middle, prefix, suffix]: PackedName): PersonName {
  return { family, given, middle, prefix, suffix };
}
