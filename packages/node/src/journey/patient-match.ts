/** Whether a PACS shows a study under the patient that was meant (reference: Patient ID, issuer and name are compared). */
import { formatPersonName } from '@interhosp/core/dicom';
import type { PacsPatient } from '@interhosp/core/pacs';
import type { IssuedId, LocalPatient } from '@interhosp/core/study';

/** Equal IDs, and equal issuers where both are known: many PACS do not return an issuer. */
export function samePatientId(shown: IssuedId, meant: IssuedId): boolean {
  if (shown.id.trim() !== meant.id.trim()) return false;
  return shown.issuer === undefined || meant.issuer === undefined || shown.issuer.trim() === meant.issuer.trim();
}

/** Equal ID and issuer, and equal names: an old object kept under the same ID with another name is not it. */
export function isShownUnder(shown: PacsPatient, meant: LocalPatient): boolean {
  return samePatientId(shown.patientId, meant.patientId) && comparable(shown) === comparable(meant);
}

function comparable({ name }: Pick<PacsPatient, 'name'>): string {
  const text = name === undefined ? '' : formatPersonName({ alphabetic: name.alphabetic });
  // Case is not kept by every PACS; trailing component marks are padding (PS3.5 6.2.1.1).
  return text
    .replace(/[\^= ]+$/, '')
    .normalize('NFC')
    .toUpperCase();
}
