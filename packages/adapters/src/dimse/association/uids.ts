/** SOP classes and transfer syntaxes that services name (PS3.4, PS3.6 annex A). */
import type { Uid } from '@interhosp/core/dicom';

/** SOP classes of services. */
export const SOP_CLASSES = {
  verification: '1.2.840.10008.1.1' as Uid,
  storageCommitment: '1.2.840.10008.1.20.1' as Uid,
  patientRootFind: '1.2.840.10008.5.1.4.1.2.1.1' as Uid,
  patientRootMove: '1.2.840.10008.5.1.4.1.2.1.2' as Uid,
  patientRootGet: '1.2.840.10008.5.1.4.1.2.1.3' as Uid,
  studyRootFind: '1.2.840.10008.5.1.4.1.2.2.1' as Uid,
  studyRootMove: '1.2.840.10008.5.1.4.1.2.2.2' as Uid,
  studyRootGet: '1.2.840.10008.5.1.4.1.2.2.3' as Uid,
  worklistFind: '1.2.840.10008.5.1.4.31' as Uid,
} as const;

/** The well-known instance of the storage commitment push model (PS3.4 J.3.5). */
export const STORAGE_COMMITMENT_INSTANCE = '1.2.840.10008.1.20.1.1' as Uid;

/** The syntaxes of command answers, queries and the like: explicit VR tells more, implicit is what everybody has. */
export const PLAIN_SYNTAXES: readonly Uid[] = ['1.2.840.10008.1.2.1' as Uid, '1.2.840.10008.1.2' as Uid];
