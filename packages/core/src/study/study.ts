/** What travels: a study of series of instances (PS3.3 A.1.2), as far as a header tells. */
import type { Uid } from '../dicom/uid.ts';
import type { ArrivingPatient, PersonNameGroups } from './patient.ts';

/** `emergency` overtakes everything; each lower one yields to those above. */
export const PRIORITIES = ['emergency', 'urgent', 'routine', 'bulk'] as const;
/** How pressing an exchange is. */
export type Priority = (typeof PRIORITIES)[number];

/** Why a study is sent; recorded and shown, and what a permission may be limited to. */
export const PURPOSES = [
  'treatment',
  'emergency',
  'second-opinion',
  'patient-request',
  'teaching',
  'research',
] as const;
/** Why a study is sent. */
export type Purpose = (typeof PURPOSES)[number];

/** One instance by its identifiers. */
export interface InstanceIdentity {
  readonly studyInstanceUid: Uid;
  readonly seriesInstanceUid: Uid;
  readonly sopInstanceUid: Uid;
  readonly sopClassUid: Uid;
  readonly transferSyntaxUid: Uid;
}

/** A physician as a header or an order names one. */
export interface PractitionerMention {
  readonly name?: PersonNameGroups;
  /** National professional number (in Belgium NIHDI), digits as written. */
  readonly number?: string;
}

/** What an image header, an order and the local directory say of a study, beside the pixels. */
export interface StudyHeader {
  readonly studyInstanceUid: Uid;
  readonly patient: ArrivingPatient;
  /** `YYYY-MM-DD` */
  readonly studyDate?: string;
  /** `hh:mm:ss` */
  readonly studyTime?: string;
  readonly accessionNumber?: string;
  readonly studyId?: string;
  readonly description?: string;
  /** Modalities in Study (0008,0061), sorted. */
  readonly modalities: readonly string[];
  readonly bodyPart?: string;
  /** Referring Physician (0008,0090) with (0008,0096). */
  readonly referringPhysician?: PractitionerMention;
  /** Requesting Physician (0032,1032) with (0032,1031), or the order's prescriber. */
  readonly requestingPhysician?: PractitionerMention;
  readonly institution?: string;
}
