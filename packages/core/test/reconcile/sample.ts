/**
 * Reads a folder of reconciliation data: `registry.csv`, `incoming.csv`, `truth.csv`, in the columns of DESIGN.md 9.
 * The folder `be-sample` beside this file is a reduced part of the project's own synthetic Belgian data; INTERHOSP_RECONCILE
 * names a folder with larger samples, each in a folder of its own.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parsePersonName } from '../../src/dicom/index.ts';
import { formatBirthDate, parseBirthDate } from '../../src/patients/index.ts';
import type { ArrivingPatient, LocalPatient, PatientTraits, PersonNameGroups } from '../../src/study/index.ts';

/** Arrivals with what is true of them. */
export interface Sample {
  readonly registry: readonly LocalPatient[];
  readonly arrivals: readonly Arrival[];
}

/** One arrival; `truth` is empty when the person is not in the registry, and has several IDs when registered twice. */
export interface Arrival {
  readonly id: string;
  readonly patient: ArrivingPatient;
  readonly truth: readonly string[];
  readonly tags: readonly string[];
}

const SENDER = 'URN:SENDER';
const LOCAL = 'URN:LOCAL';

/** Reads the folder; small enough data to be held whole. */
export function readSample(folder: string): Sample {
  const rows = (name: string) => parseCsv(readFileSync(join(folder, name), 'utf8'));
  const truth = new Map(rows('truth.csv').map((row) => [row['incoming_id'], row]));
  const tags = existsSync(join(folder, 'tags.csv')) ? rows('tags.csv') : [];
  const tagsOf = new Map(tags.map((row) => [row['incoming_id'], (row['tags'] ?? '').split(';')]));
  return {
    registry: rows('registry.csv').map((row) => ({
      ...traitsOf(row),
      patientId: { id: row['id'] ?? '', issuer: LOCAL },
    })),
    arrivals: rows('incoming.csv').map((row) => ({
      id: row['id'] ?? '',
      patient: { ...traitsOf(row), patientId: { id: row['id'] ?? '', issuer: SENDER } },
      truth: [truth.get(row['id'])?.['registry_id'], ...(truth.get(row['id'])?.['also_ok'] ?? '').split('|')].filter(
        (id): id is string => id !== undefined && id !== '',
      ),
      tags: tagsOf.get(row['id']) ?? [],
    })),
  };
}

/** As the adapter patients-csv reads a row. */
function traitsOf(row: Readonly<Record<string, string>>): PatientTraits {
  const traits: Record<string, unknown> = {};
  const put = (trait: string, value: string | undefined) => {
    if (value !== undefined && value !== '') traits[trait] = value;
  };
  const birthDate = parseBirthDate(row['birth_date']);
  put('nationalNumber', row['national_id']?.replace(/[\s./-]/g, ''));
  put('birthDate', birthDate && formatBirthDate(birthDate));
  put('sex', row['sex']);
  put('street', row['street']);
  put('postcode', row['postcode']);
  put('city', row['city']);
  put('phone', row['phone']);
  const name = nameOf(row);
  if (name !== undefined) traits['name'] = name;
  return traits;
}

function nameOf(row: Readonly<Record<string, string>>): PersonNameGroups | undefined {
  const dicom = parsePersonName(row['dicom_pn'] ?? '');
  const { family = '', given = '', middle = '' } = row;
  if (family === '' && given === '') return dicom;
  const { prefix = '', suffix = '' } = dicom?.alphabetic ?? {};
  return { ...dicom, alphabetic: { family, given, middle, prefix, suffix } };
}

function parseCsv(text: string): readonly Readonly<Record<string, string>>[] {
  const [header = [], ...rows] = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => Array.from(line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g), ([, cell = '']) => unquoted(cell)));
  return rows.map((cells) => Object.fromEntries(header.map((column, index) => [column, cells[index] ?? ''])));
}

function unquoted(cell: string): string {
  return cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell;
}

/** The day the synthetic data were made for; newborns of the samples were born in the weeks before. */
export const SAMPLE_DAY_MS = Date.UTC(2025, 11, 31);
