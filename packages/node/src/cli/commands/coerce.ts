/**
 * `interhosp coerce`: what filing would do to files, tried on a file or a folder. Each file is written whole or not at
 * all, under the name it had, and answered with one line: accepted, or refused and why.
 */
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, realpath, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { coerceInstance } from '@interhosp/core/coercion';
import {
  part10Header,
  parsePersonName,
  readPart10,
  readStudyHeader,
  spliceStream,
  type ByteSource,
  type Uid,
} from '@interhosp/core/dicom';
import { ConfigError, DicomError, isInterhospError } from '@interhosp/core/errors';
import { parseMemberId, type LocalPatient, type MemberId } from '@interhosp/core/study';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { z } from 'zod';
import { checked } from '../../config/load.ts';
import { action, callerPath, withGlobalOptions, type GlobalOptions } from '../context.ts';
import { memberArgument } from '../arguments.ts';
import { filesBelow } from '../files-below.ts';
import { EXIT, reasonOf, type Output } from '../output.ts';

const READ_BYTES = 262_144;

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
  readonly time?: Input['time'];
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
  for (const file of files) {
    const name = relative(root, file);
    const line = await coerceFile(file, target(name), originals, input).then(
      (changed) => ({ changed, file: name, status: 'accepted' as const }),
      (error: unknown) => refusal(name, error),
    );
    if (line.status === 'refused') refused++;
    const text =
      line.status === 'accepted' ? `${line.changed.length} elements changed` : `${line.code}: ${line.reason}`;
    output.record(line, `${line.status}  ${name}  ${text}`);
  }
  return refused === 0 ? EXIT.done : EXIT.failed;
}

interface Places {
  /** What is read, found before anything is written. */
  readonly files: readonly string[];
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
  const files: string[] = [];
  const originals = new Set<string>();
  // What an earlier run wrote into a folder below IN is no original.
  for await (const file of filesBelow(source, { except: destination })) {
    files.push(file);
    const identity = await identityOf(file);
    if (identity !== undefined) originals.add(identity);
  }
  const isFile = files.length === 1 && files[0] === source;
  if (!(await isFree(to, isFile))) throw new ConfigError('CONFIG_OVERWRITES', { details: { file: to } });
  return isFile
    ? { files: [from], originals, root: dirname(from), target: () => to }
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

type Input = Parameters<typeof coerceInstance>[2];

async function coerceFile(
  file: string,
  target: string,
  originals: ReadonlySet<string>,
  input: Input,
): Promise<readonly string[]> {
  const there = await identityOf(target);
  // OUT may hold a link into IN, or IN stand in OUT.
  if (there !== undefined && originals.has(there))
    throw new ConfigError('CONFIG_OVERWRITES', { details: { file: target } });
  const handle = await open(file, 'r');
  // Random, so that nothing of the file's own name or content is in it; in the same folder, so that rename is atomic.
  const part = join(dirname(target), `.${randomBytes(8).toString('hex')}.part`);
  try {
    const { source, transferSyntaxUid } = await dataSetOf(file, handle);
    const { changed, plan } = await coerceInstance(source, transferSyntaxUid, input);
    const { identity } = await readStudyHeader(source, transferSyntaxUid);
    await mkdir(dirname(target), { recursive: true });
    await writeAll(part, part10Header({ ...identity, transferSyntaxUid }), spliceStream(plan, source));
    await rename(part, target);
    return changed;
  } finally {
    await handle.close();
    await rm(part, { force: true });
  }
}

async function writeAll(path: string, header: Uint8Array, body: AsyncIterable<Uint8Array>): Promise<void> {
  const out = await open(path, 'wx', 0o600);
  try {
    await out.writeFile(header);
    for await (const piece of body) await out.writeFile(piece);
    await out.datasync();
  } finally {
    await out.close();
  }
}

/** The data set of an open file: where it begins is what the meta information left over. */
async function dataSetOf(
  file: string,
  handle: FileHandle,
): Promise<{ readonly source: ByteSource; readonly transferSyntaxUid: Uid }> {
  const { size } = await handle.stat();
  let read = 0;
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of createReadStream(file, { highWaterMark: 4096 })) {
      read += (chunk as Uint8Array).length;
      yield chunk as Uint8Array;
    }
  };
  const { dataSet, transferSyntaxUid } = await readPart10(counted());
  const readForMeta = read;
  for await (const first of dataSet) {
    const offset = read > readForMeta ? readForMeta : readForMeta - first.length;
    return { source: handleSource(handle, offset, size - offset), transferSyntaxUid };
  }
  throw new DicomError('DICOM_TRUNCATED', { details: { offset: read } });
}

function handleSource(handle: FileHandle, offset: number, lengthBytes: number): ByteSource {
  return {
    lengthBytes,
    read: async (from, length) => {
      const wanted = Math.max(0, Math.min(length, lengthBytes - from));
      const bytes = Buffer.allocUnsafe(wanted);
      let filled = 0;
      while (filled < wanted) {
        const { bytesRead } = await handle.read(
          bytes,
          filled,
          Math.min(READ_BYTES, wanted - filled),
          offset + from + filled,
        );
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
    },
  };
}

function refusal(file: string, error: unknown) {
  const code = isInterhospError(error) ? error.code : 'STORAGE_FAILED';
  const reason = isInterhospError(error) ? reasonOf(error) : 'the file cannot be read or written';
  return { changed: [] as readonly string[], code, file, reason, status: 'refused' as const };
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
function timeArgument(text: string): Input['time'] {
  const epochMs = Date.parse(text);
  const [, zone, sign, hours, minutes] = /T.*?(Z|([+-])(\d{2}):?(\d{2}))$/.exec(text) ?? [];
  if (Number.isNaN(epochMs) || zone === undefined)
    throw new InvalidArgumentError('A time with its offset or Z, as 2026-03-14T10:00:00+01:00.');
  const offset = sign === undefined ? 0 : (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -1 : 1);
  return { epochMs, utcOffsetMinutes: offset };
}
