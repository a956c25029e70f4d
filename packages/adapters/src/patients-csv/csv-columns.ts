/** From a row of the file to a patient: the columns of DESIGN.md 9, any of which may be missing but the ID. */
import { parsePersonName } from '@interhosp/core/dicom';
import { formatBirthDate, parseBirthDate } from '@interhosp/core/patients';
import type { LocalPatient, PersonNameGroups, Sex } from '@interhosp/core/study';

/** The columns that are read; others are left alone. */
export const COLUMNS = [
  'id',
  'national_id',
  'family',
  'given',
  'middle',
  'birth_date',
  'sex',
  'street',
  'postcode',
  'city',
  'phone',
  'dicom_pn',
] as const;

/** A column that is read. */
export type Column = (typeof COLUMNS)[number];
/** What the hospital's file calls them; a column that is not named is called as here. */
export type ColumnNames = { readonly [C in Column]?: string | undefined };

/** Where each column stands in the file, from 0. */
export type ColumnPositions = ReadonlyMap<Column, number>;

/** Why a header cannot be used, with the column it is about. */
export interface HeaderProblem {
  readonly problem: 'missing' | 'twice';
  readonly column: Column;
}

/**
 * Finds the columns in a header, in any order and case. A column that is named in `names` must be there; two columns of
 * one name are refused, since either could be meant.
 */
export function positionsOf(header: readonly string[], names: ColumnNames = {}): ColumnPositions | HeaderProblem {
  const found = header.map((title) => title.trim().toLowerCase());
  const positions = new Map<Column, number>();
  for (const column of COLUMNS) {
    const title = (names[column] ?? column).trim().toLowerCase();
    const position = found.indexOf(title);
    if (position !== found.lastIndexOf(title)) return { problem: 'twice', column };
    if (position >= 0) positions.set(column, position);
    else if (column === 'id' || names[column] !== undefined) return { problem: 'missing', column };
  }
  return positions;
}

/** The patient of a row, or undefined when the row has no ID. What is no birth date or sex is left out. */
export function patientOf(
  row: readonly string[],
  positions: ColumnPositions,
  issuer: string,
): LocalPatient | undefined {
  const cell = (column: Column): string => row[positions.get(column) ?? -1]?.trim() ?? '';
  const id = cell('id');
  if (id === '') return undefined;
  const name = nameOf(cell);
  const birthDate = parseBirthDate(cell('birth_date'));
  const sex = sexOf(cell('sex'));
  const texts: Partial<Record<'street' | 'postcode' | 'city' | 'phone' | 'nationalNumber', string>> = {};
  for (const trait of ['street', 'postcode', 'city', 'phone'] as const)
    if (cell(trait) !== '') texts[trait] = cell(trait);
  const number = cell('national_id').replace(/[\s./-]/g, '');
  if (number !== '') texts.nationalNumber = number;
  return {
    patientId: { id, issuer },
    ...(name === undefined ? {} : { name }),
    ...(birthDate === undefined ? {} : { birthDate: formatBirthDate(birthDate) }),
    ...(sex === undefined ? {} : { sex }),
    ...texts,
  };
}

/** The columns win over the DICOM name, which adds the groups that columns do not have. */
function nameOf(cell: (column: Column) => string): PersonNameGroups | undefined {
  const dicom = parsePersonName(cell('dicom_pn'));
  const [family, given, middle] = [cell('family'), cell('given'), cell('middle')];
  if (family === '' && given === '') return dicom;
  const { prefix = '', suffix = '' } = dicom?.alphabetic ?? {};
  return { ...dicom, alphabetic: { family, given, middle, prefix, suffix } };
}

function sexOf(text: string): Sex | undefined {
  const letter = text.toUpperCase();
  return letter === 'M' || letter === 'F' || letter === 'O' ? letter : undefined;
}
