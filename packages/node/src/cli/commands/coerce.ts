/**
 * `interhosp coerce`: what filing would do to files, tried on a file or a folder. Each file is written whole or not at
 * all, under the name it had, and answered with one line: accepted, or refused and why.
 */
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import type { CoercionInput } from '@interhosp/core/coercion';
import { parsePersonName } from '@interhosp/core/dicom';
import { ConfigError, isInterhospError } from '@interhosp/core/errors';
import { parseMemberId, type LocalPatient, type MemberId } from '@interhosp/core/study';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { z } from 'zod';
import { checked } from '../../config/load.ts';
import { action, callerPath, withGlobalOptions, type GlobalOptions } from '../context.ts';
import { memberArgument } from '../arguments.ts';
import { coerceFile, type CoercedFile } from '../coerce-file.ts';
import { filesBelow } from '../files-below.ts';
import { EXIT, reasonOf, type Output } from '../output.ts';

const patientSchema = z.strictObject({
  patientId: z.string().min(1).max(64),
  issuer: z.string().max(64).optional(),
  name: z.string().min(1),
  birthDate: z.iso.date().optional(),
  sex: z.enum(['M', 'F', 'O']).optional(),
});

type CoerceOptions = GlobalOptions & {
  readonly patient: string;
  readonly source: MemberId;
  readonly time?: CoercionInput['time'];
};

/** Registers the command. */
export function coerceCommand(program: Command): void {
  withGlobalOptions(program.command('coerce'))
    .description('write copies of DICOM files under a local patient, as a receiver would file them; one line a file')
    .argument('<in>', 'a DICOM file, or a folder of them; never changed')
    .argument('<out>', 'the file to write, or for a folder the folder, new or empty; the same names below it')
    .requiredOption(
      '--patient <json>',
      'file of the patient: {"patientId","issuer","name":"FAMILY^GIVEN","birthDate":"YYYY-MM-DD","sex":"M|F|O"}',
    )
    .option('--source <member>', 'the member the files came from', memberArgument, parseMemberId('unknown-source'))
    .addOption(
      new Option(
        '--time <time>',
        'time of coercion that is written, with its offset or Z, as 2026-03-14T10:00:00+01:00 (default: now)',
      ).argParser(timeArgument),
    )
    .action(action(coerce));
}

async function coerce(output: Output, options: CoerceOptions, from: string, to: string): Promise<number> {
  const input = {
    patient: await readPatient(callerPath(options.patient)),
    receiver: parseMemberId('local'),
    sender: options.source,
    time: options.time ?? { epochMs: Date.now(), utcOffsetMinutes: -new Date().getTimezoneOffset() },
  };
  const { files, originals, root, target } = await placesOf(callerPath(from), callerPath(to));
  let refused = 0;
  for (const [file, unreadable] of files) {
    const name = relative(root, file);
    const line = await (unreadable ? Promise.reject(unreadable) : coerceOne(file, target(name), originals, input)).then(
      (coerced) => acceptance(name, coerced),
      (error: unknown) => refusal(name, error),
    );
    if (line.status === 'refused') refused++;
    output.record(line, textOf(line));
  }
  return refused === 0 ? EXIT.done : EXIT.failed;
}

interface Places {
  /** What is read, found before anything is written; with the reason where it cannot be, as of a folder. */
  readonly files: ReadonlyMap<string, ConfigError | undefined>;
  /** Which files those are on the disk, by whatever path they are reached. */
  readonly originals: ReadonlySet<string>;
  /** What the names in the answers are relative to. */
  readonly root: string;
  /** Where the file of this name is written. */
  readonly target: (name: string) => string;
}

/** @throws {ConfigError} `CONFIG_UNREADABLE`; `CONFIG_OVERWRITES` when both are the same place, or OUT holds something. */
async function placesOf(from: string, to: string): Promise<Places> {
  const [source, destination] = [await realPathOf(from), await realPathOf(to)];
  if (source === destination) throw new ConfigError('CONFIG_OVERWRITES', { details: { file: to } });
  const files = new Map<string, ConfigError | undefined>();
  const originals = new Set<string>();
  const onUnreadable = (folder: string, error: ConfigError): void => void files.set(folder, error);
  // What an earlier run wrote into a folder below IN is no original.
  for await (const file of filesBelow(source, { except: destination, onUnreadable })) {
    files.set(file, undefined);
    const identity = await identityOf(file);
    if (identity !== undefined) originals.add(identity);
  }
  const isFile = files.size === 1 && files.has(source);
  if (!(await isFree(to, isFile))) throw new ConfigError('CONFIG_OVERWRITES', { details: { file: to } });
  return isFile
    ? { files: new Map([[from, undefined]]), originals, root: dirname(from), target: () => to }
    : { files, originals, root: source, target: (name) => join(to, name) };
}

/**
 * Nothing is there, or an empty folder for a folder: what an earlier run wrote, for another patient perhaps, must not
 * stand among the files of this one where a file of the same name is refused.
 */
async function isFree(path: string, isForFile: boolean): Promise<boolean> {
  try {
    const names = await readdir(path);
    return !isForFile && names.length === 0;
  } catch (error) {
    return (error as { readonly code?: unknown }).code === 'ENOENT';
  }
}

/** The path without links, also of one whose last parts are not there yet. */
async function realPathOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if (dirname(path) === path) throw error;
    return join(await realPathOf(dirname(path)), basename(path));
  }
}

/** Which file this is, whatever its names; undefined when there is none. */
async function identityOf(path: string): Promise<string | undefined> {
  return stat(path, { bigint: true }).then(
    ({ dev, ino }) => `${dev}:${ino}`,
    () => undefined,
  );
}

async function coerceOne(
  file: string,
  target: string,
  originals: ReadonlySet<string>,
  input: CoercionInput,
): Promise<CoercedFile> {
  const there = await identityOf(target);
  // OUT may hold a link into IN, or IN stand in OUT.
  if (there !== undefined && originals.has(there))
    throw new ConfigError('CONFIG_OVERWRITES', { details: { file: target } });
  return coerceFile(file, target, input);
}

/** One line of the answer. */
interface Line {
  readonly changed: readonly string[];
  readonly code?: string;
  readonly file: string;
  /** What a person should know of a file that was accepted; left out when there is nothing. */
  readonly flags?: readonly string[];
  readonly reason?: string;
  readonly status: 'accepted' | 'refused';
}

function acceptance(file: string, { changed, flags }: CoercedFile): Line {
  return { changed, file, ...(flags.length > 0 && { flags }), status: 'accepted' };
}

/** Whatever went wrong, it is this file's and not the run's. */
function refusal(file: string, error: unknown): Line {
  const code = isInterhospError(error) ? error.code : 'STORAGE_FAILED';
  const reason = isInterhospError(error) ? reasonOf(error) : 'the file cannot be read or written';
  return { changed: [], code, file, reason, status: 'refused' };
}

function textOf({ changed, code, file, flags = [], reason, status }: Line): string {
  const text = status === 'accepted' ? `${changed.length} elements changed` : `${code}: ${reason}`;
  return [status, file, text, ...flags].join('  ');
}

async function readPatient(file: string): Promise<LocalPatient> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    const code = cause instanceof SyntaxError ? 'CONFIG_SYNTAX' : 'CONFIG_UNREADABLE';
    throw new ConfigError(code, { cause, details: { file } });
  }
  const { birthDate, issuer, name, patientId, sex } = await checked(patientSchema, value, file);
  const parsed = parsePersonName(name);
  return {
    patientId: { id: patientId, ...(issuer === undefined ? {} : { issuer }) },
    ...(parsed === undefined ? {} : { name: parsed }),
    ...(birthDate === undefined ? {} : { birthDate }),
    ...(sex === undefined ? {} : { sex }),
  };
}

/** `2026-03-14T10:00:00+01:00`, or `Z`; the offset is written as given. Without one it would be this machine's zone. */
function timeArgument(text: string): CoercionInput['time'] {
  const epochMs = Date.parse(text);
  const [, zone, sign, hours, minutes] = /T.*?(Z|([+-])(\d{2}):?(\d{2}))$/.exec(text) ?? [];
  if (Number.isNaN(epochMs) || zone === undefined)
    throw new InvalidArgumentError('A time with its offset or Z, as 2026-03-14T10:00:00+01:00.');
  const offset = sign === undefined ? 0 : (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1);
  return { epochMs, utcOffsetMinutes: offset };
}
