/**
 * The files of `interhosp reconcile`: the registry, the arrivals, and what is true of them. The reader is that of the
 * adapter patients-csv, which is installed beside the node and known here by its shape alone.
 */
import { ConfigError, isInterhospError, ReconciliationError } from '@interhosp/core/errors';
import { NATIONAL_NUMBER_RULES, type PatientIndex } from '@interhosp/core/patients';
import type { ReconciliationProfile } from '@interhosp/core/reconciliation';
import type { LocalPatient } from '@interhosp/core/study';
import { importPackage } from '../config/adapters.ts';
import { callerPath } from './context.ts';

/** What is used of the adapter. */
export interface PatientsCsvModule {
  readPatients(options: PatientOptions & { readonly nationalNumbers: NumberRulesName }): Promise<PatientIndex>;
  readPatientRows(options: PatientOptions): AsyncIterable<{ readonly patient: LocalPatient }>;
  readRows(options: FileOptions): AsyncIterable<{ readonly cells: readonly string[]; readonly line: number }>;
}

interface FileOptions {
  readonly file: string;
  readonly encoding: 'auto';
  readonly signal: AbortSignal;
}

interface PatientOptions extends FileOptions {
  readonly issuer: string;
}

type NumberRulesName = keyof typeof NATIONAL_NUMBER_RULES;

/** Reads the files. @throws {ConfigError} {@link createPatientFiles} */
export interface PatientFiles {
  /** All patients of the registry. */
  registry(file: string, profile: ReconciliationProfile): Promise<PatientIndex>;
  /** The arrivals, in their order; none is kept. Their patient ID is the arrival's. */
  arrivals(file: string): AsyncIterable<LocalPatient>;
  /** What is true of arrivals, by their ID. */
  truth(file: string, registry: PatientIndex): Promise<Truth>;
}

/** What is true of arrivals. */
export interface Truth {
  /** The local IDs of the person, empty when not registered; undefined when the file does not speak of the arrival. */
  of(arrivalId: string): readonly string[] | undefined;
  /** Rows whose IDs are all unknown to the registry: the person is not registered here. */
  readonly notRegistered: number;
}

const ADAPTER = '@interhosp/adapters/patients-csv';
/** Two issuers that differ: an ID of the sender that is equal to one here by chance says nothing. */
const ISSUERS = { registry: 'REGISTRY', arrivals: 'INCOMING' } as const;
/** Rows of the truth. One is a few dozen bytes; as many as a registry may have. */
const MOST_TRUTHS = 2_000_000;

/**
 * Files by the reader of the adapter. All throw `CONFIG_UNREADABLE`, or `RECONCILIATION_FILE_INVALID` with the file, the
 * line and the column of what cannot be used.
 *
 * @throws {ConfigError} `CONFIG_ADAPTER_UNKNOWN` when the adapter is not installed.
 */
export async function createPatientFiles(signal: AbortSignal): Promise<PatientFiles> {
  const module = await importPackage(ADAPTER, callerPath('package.json'));
  if (!isReader(module)) throw new ConfigError('CONFIG_ADAPTER_UNKNOWN', { details: { adapter: ADAPTER } });
  const options = (file: string) => ({ file, encoding: 'auto', signal }) as const;
  return {
    registry: async (file, { numberRules }) => {
      try {
        const nationalNumbers = nameOf(numberRules);
        return await module.readPatients({ ...options(file), issuer: ISSUERS.registry, nationalNumbers });
      } catch (error) {
        throw ofFile(file, error);
      }
    },
    async *arrivals(file) {
      const rows = ofFileRows(file, module.readPatientRows({ ...options(file), issuer: ISSUERS.arrivals }));
      for await (const { patient } of rows) yield patient;
    },
    truth: (file, registry) => readTruth(ofFileRows(file, module.readRows(options(file))), file, registry),
  };
}

function isReader(module: unknown): module is PatientsCsvModule {
  const { readPatientRows, readPatients, readRows } = module as Partial<PatientsCsvModule>;
  return [readPatientRows, readPatients, readRows].every((member) => typeof member === 'function');
}

function nameOf(rules: ReconciliationProfile['numberRules']): NumberRulesName {
  return rules === NATIONAL_NUMBER_RULES.be ? 'be' : 'unchecked';
}

type Rows = ReturnType<PatientsCsvModule['readRows']>;

async function readTruth(rows: Rows, file: string, registry: PatientIndex): Promise<Truth> {
  // Joined, since a string is a fraction of an array: most hold one ID.
  const truths = new Map<string, string>();
  let columns: TruthColumns | undefined;
  let notRegistered = 0;
  for await (const { cells, line } of rows) {
    if (columns === undefined) {
      columns = truthColumns(cells, file);
      continue;
    }
    const { arrivalId, ids } = truthOf(cells, columns);
    if (arrivalId === '') throw invalid(file, 'id-missing', { line, field: 'incoming_id' });
    if (truths.has(arrivalId)) throw invalid(file, 'id-twice', { line, field: 'incoming_id' });
    if (truths.size >= MOST_TRUTHS) throw invalid(file, 'too-many-rows', { line, limit: MOST_TRUTHS });
    const registered = ids.filter((id) => registry.get(id) !== undefined);
    if (ids.length > 0 && registered.length === 0) notRegistered++;
    truths.set(arrivalId, registered.join('\0'));
  }
  if (columns === undefined) throw invalid(file, 'empty', { line: 1 });
  return { notRegistered, of: (arrivalId) => truths.get(arrivalId)?.split('\0').filter(Boolean) };
}

/** Where the columns stand; -1 where there is none. */
type TruthColumns = Readonly<Record<'incoming_id' | 'registry_id' | 'also_ok', number>>;

function truthColumns(header: readonly string[], file: string): TruthColumns {
  const titles = header.map((title) => title.trim().toLowerCase());
  const position = (field: keyof TruthColumns): number => {
    const at = titles.indexOf(field);
    if (at !== titles.lastIndexOf(field)) throw invalid(file, 'column-twice', { line: 1, field });
    if (at < 0 && field !== 'also_ok') throw invalid(file, 'column-missing', { line: 1, field });
    return at;
  };
  return {
    incoming_id: position('incoming_id'),
    registry_id: position('registry_id'),
    also_ok: position('also_ok'),
  };
}

function truthOf(cells: readonly string[], columns: TruthColumns) {
  const cell = (column: keyof TruthColumns): string => cells[columns[column]]?.trim() ?? '';
  const ids = [cell('registry_id'), ...cell('also_ok').split('|')].map((id) => id.trim());
  return { arrivalId: cell('incoming_id'), ids: ids.filter(Boolean) };
}

/** The rows, with the errors of {@link ofFile}. */
async function* ofFileRows<Row>(file: string, rows: AsyncIterable<Row>): AsyncGenerator<Row, void, undefined> {
  try {
    yield* rows;
  } catch (error) {
    throw ofFile(file, error);
  }
}

/** The reader speaks of a directory; here there are three files, and the person is to know which. */
function ofFile(file: string, error: unknown): unknown {
  if (!isInterhospError(error)) return error;
  const { details } = error;
  if (error.code === 'RECONCILIATION_DIRECTORY_UNAVAILABLE')
    return new ConfigError('CONFIG_UNREADABLE', { details: { ...details, file } });
  if (error.code !== 'RECONCILIATION_DIRECTORY_INVALID') return error;
  return new ReconciliationError('RECONCILIATION_FILE_INVALID', { details: { ...details, file } });
}

function invalid(file: string, reason: string, details: ReconciliationError['details']): ReconciliationError {
  return new ReconciliationError('RECONCILIATION_FILE_INVALID', { details: { reason, ...details, file } });
}
