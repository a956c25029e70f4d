/**
 * Whether two copies speak of one patient: a PACS that shows a study under the patient that was meant (reference: Patient
 * ID, issuer and name are compared), and an instance that comes with the others of its study.
 */
import { formatPersonName, trimPadding } from '@interhosp/core/dicom';
import type { PacsPatient } from '@interhosp/core/pacs';
import { samePatientId, type ArrivingPatient, type LocalPatient, type PersonName } from '@interhosp/core/study';

/** Equal ID and issuer, and equal names: an old object kept under the same ID with another name is not it. */
export function isShownUnder(shown: PacsPatient, meant: LocalPatient): boolean {
  return samePatientId(shown.patientId, meant.patientId) && comparable(shown) === comparable(meant);
}

/**
 * Whether an instance is of the patient that its study was offered under. Without an ID, as in an emergency, two patients
 * would be one by their IDs: then name and birth date must be the same.
 */
export function sameArrivingPatient(header: ArrivingPatient, offered: ArrivingPatient): boolean {
  const [one, other] = [header.patientId ?? NO_ID, offered.patientId ?? NO_ID];
  if (!samePatientId(one, other)) return false;
  if (one.id.trim() !== '') return true;
  return header.birthDate === offered.birthDate && allNames(header) === allNames(offered);
}

const NO_ID = { id: '' };

function allNames({ name }: ArrivingPatient): string {
  const partsOf = (group?: PersonName) =>
    group === undefined ? [] : [group.family, group.given, group.middle, group.prefix, group.suffix];
  const groups = [name?.alphabetic, name?.ideographic, name?.phonetic].map((group) => partsOf(group).join('^'));
  return folded(groups.map((group) => trimPadding(group, '^ ')).join('='));
}

function comparable({ name }: Pick<PacsPatient, 'name'>): string {
  const text = name === undefined ? '' : formatPersonName({ alphabetic: name.alphabetic });
  return folded(text);
}

/** Case is not kept by every PACS; trailing component marks are padding (PS3.5 6.2.1.1). */
function folded(name: string): string {
  return trimPadding(name, '^= ').normalize('NFC').toUpperCase();
}
