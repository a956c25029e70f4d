/**
 * What is known of a PACS: which services it has, what it takes, how it answers. It is asked once (profile-probe.ts), or seen
 * in its answers to searches (learn-answers.ts), and remembered, in memory and in a small file, so that a restart asks nothing
 * again; and forgotten when the PACS reports another version, when it is configured anew, or after a while, since PACS are
 * mended and updated.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { tryParseUid, type Uid } from '@interhosp/core/dicom';
import { z } from 'zod';

/** A root of the query and retrieve information model (PS3.4 C.6). */
export type QueryRoot = 'study' | 'patient';

/** What is known of a PACS. */
export interface PacsProfile {
  /** As it calls itself (PS3.7 D.3.3.2); undefined when it does not. */
  readonly implementation?: string | undefined;
  /** When this was asked. */
  readonly askedMs: number;
  /** Longest P-DATA-TF that goes to it: its own limit, or ours. */
  readonly maxSentPduBytes: number;
  /** Roots in which it can be searched, and retrieved from. */
  readonly find: readonly QueryRoot[];
  readonly move: readonly QueryRoot[];
  readonly get: readonly QueryRoot[];
  readonly hasStorageCommitment: boolean;
  /** Whether Number of Study Related Instances (0020,1208), where it comes, agrees with the list of instances. */
  readonly counts: 'right' | 'wrong' | 'unknown';
  /** Attributes that were asked for and are in none of its answers; undefined while there was no answer. Tags as `00080061`. */
  readonly absentKeys?: readonly string[] | undefined;
  /** Keys that it was seen not to match by, so that it answers more than was asked for. */
  readonly ignoredKeys?: readonly string[] | undefined;
  /** Specific Character Set (0008,0005) of its answers; empty while it declares none. */
  readonly answersIn?: string | undefined;
  /** Transfer syntaxes in which it takes a SOP class, by what it answered to a proposal of them. */
  readonly storage: Readonly<Record<string, StorageProfile>>;
}

/** What a PACS takes of one SOP class. */
export interface StorageProfile {
  readonly askedMs: number;
  /** Empty when it takes none. */
  readonly syntaxes: readonly Uid[];
}

/** A file's contents. Another version of this format is as good as no file. */
const VERSION = 1;
/** A profile with every class there is has some 60 kB. */
const MAX_FILE_BYTES = 1_048_576;

const uid = z.string().transform((text, context): Uid => {
  const read = tryParseUid(text);
  if (read !== undefined) return read;
  context.addIssue('a UID');
  return z.NEVER;
});
const roots = z.array(z.enum(['study', 'patient']));
const keys = z.array(z.string().regex(/^[0-9A-F]{8}$/));
const fileSchema = z.strictObject({
  version: z.literal(VERSION),
  /** Digest of the configuration it belongs to. */
  of: z.string(),
  profile: z.strictObject({
    implementation: z.string().max(16).optional(),
    askedMs: z.number(),
    maxSentPduBytes: z.int().min(1),
    find: roots,
    move: roots,
    get: roots,
    hasStorageCommitment: z.boolean(),
    counts: z.enum(['right', 'wrong', 'unknown']),
    absentKeys: keys.optional(),
    ignoredKeys: keys.optional(),
    answersIn: z.string().max(128).optional(),
    storage: z.record(z.string(), z.strictObject({ askedMs: z.number(), syntaxes: z.array(uid) })),
  }),
});

/** Names a configuration, so that a profile of another is not taken for this one's. */
export function configurationDigest(parts: readonly (string | number)[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

/** Reads a profile; undefined when there is none, or one of another configuration or version, or a damaged one. */
export async function readProfile(path: string, of: string): Promise<PacsProfile | undefined> {
  try {
    const text = await readFile(path, 'utf8');
    if (text.length > MAX_FILE_BYTES) return undefined;
    const file = fileSchema.safeParse(JSON.parse(text));
    return file.success && file.data.of === of ? file.data.profile : undefined;
  } catch {
    return undefined;
  }
}

/** Writes a profile, whole or not at all. @throws {Error} of node:fs */
export async function writeProfile(path: string, of: string, profile: PacsProfile): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const part = `${path}.${randomUUID()}.part`;
  try {
    await writeFile(part, `${JSON.stringify({ version: VERSION, of, profile }, undefined, 1)}\n`, { mode: 0o600 });
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}
