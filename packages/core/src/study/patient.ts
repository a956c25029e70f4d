/**
 * Who a study is about, in the two forms that meet at the receiver: the traits that came with the images, and the
 * record of the local patient.
 */

/** A person name in parts, one component group (PS3.5 6.2.1); an absent part is an empty string. */
export interface PersonName {
  readonly family: string;
  readonly given: string;
  readonly middle: string;
  readonly prefix: string;
  readonly suffix: string;
}

/** Ideographic and phonetic groups beside the alphabetic one (PS3.5 6.2.1.1). */
export interface PersonNameGroups {
  readonly alphabetic: PersonName;
  readonly ideographic?: PersonName;
  readonly phonetic?: PersonName;
}

/** An identifier and who issued it. An ID without an issuer means something only inside the hospital it came from. */
export interface IssuedId {
  readonly id: string;
  /** Issuer of Patient ID (0010,0021) or an OID of an assigning authority; absent when unknown. */
  readonly issuer?: string;
}

/** Equal IDs, and equal issuers where both are known: many PACS do not return an issuer. */
export function samePatientId(shown: IssuedId, meant: IssuedId): boolean {
  if (shown.id.trim() !== meant.id.trim()) return false;
  return shown.issuer === undefined || meant.issuer === undefined || shown.issuer.trim() === meant.issuer.trim();
}

/** Patient's Sex (0010,0040); `O` is other. */
export type Sex = 'M' | 'F' | 'O';

/** What is known of a patient: an arrival's header or a directory's record. Every trait may be missing. */
export interface PatientTraits {
  readonly name?: PersonNameGroups;
  /** Patient's Birth Name (0010,1005). */
  readonly birthName?: PersonNameGroups;
  /** `YYYY-MM-DD`; parts that are not known are `00`. */
  readonly birthDate?: string;
  readonly sex?: Sex;
  /** The national number as written, without separators; whether it is valid is the profile's business. */
  readonly nationalNumber?: string;
  /** Identifiers beside the Patient ID (0010,1002). */
  readonly otherIds?: readonly IssuedId[];
  readonly street?: string;
  readonly postcode?: string;
  readonly city?: string;
  readonly phone?: string;
}

/** The patient of an arriving study, as the sender says it. */
export interface ArrivingPatient extends PatientTraits {
  /** Patient ID (0010,0020) with its issuer at the sender. */
  readonly patientId?: IssuedId;
}

/** A patient of this hospital. */
export interface LocalPatient extends PatientTraits {
  readonly patientId: IssuedId;
}
