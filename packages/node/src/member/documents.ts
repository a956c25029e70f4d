/**
 * The signed documents of the federation as this member holds them: roots and roster, and the practitioner directories
 * of its members. They arrive in a folder that people drop files into and from peers; what was accepted is kept in the
 * data folder, so that a rollback is noticed also after a restart.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isInterhospError } from '@interhosp/core/errors';
import {
  acceptPractitioners,
  acceptRoster,
  createRosterState,
  decodeEnvelope,
  encodeEnvelope,
  envelopesToKeep,
  jcs,
  PRACTITIONERS_TYPE,
  restoreRosterState,
  signEnvelope,
  type Practitioner,
  type PractitionerDirectories,
  type RosterState,
} from '@interhosp/core/federation';
import type { MemberId } from '@interhosp/core/study';
import { isoSeconds, type Clock, type Crypto, type Disk, type Log, type Signer } from '@interhosp/core/world';
import { errorFields } from '../observe/logger.ts';
import { readWhole, writeWhole } from '../world/whole-file.ts';

/** How often the folder is looked at. */
const WATCH_MS = 500;
/** Larger files in the folder are not signed documents of ours. */
const MAX_FILE_BYTES = 9 * 1_048_576;
/** A directory is renewed long before it expires. */
const PRACTITIONERS_VALID_MS = 90 * 86_400_000;
const ROSTER_FILE = 'roster.jsonl';
const PRACTITIONERS_FILE = 'practitioners.jsonl';
type KeptFile = typeof ROSTER_FILE | typeof PRACTITIONERS_FILE;

/** The documents in force. */
export interface FederationDocuments {
  state(): RosterState;
  practitioners(): PractitionerDirectories;
  /** Takes documents from a peer; true when one of them was news. Never throws: a bad one is logged and dropped. */
  accept(envelopes: readonly Uint8Array[]): Promise<boolean>;
  /** Signs and publishes the practitioners who practise here; nothing happens when they are the published ones. */
  publishPractitioners(practitioners: readonly Practitioner[], signer: Signer): Promise<void>;
  /** Every envelope held, as a peer would be given them. */
  envelopes(): readonly Uint8Array[];
  onChange(listener: () => void): () => void;
  /** Watches the folder until the signal aborts. */
  watch(signal: AbortSignal): Promise<void>;
}

/** What the documents need. */
export interface DocumentsOptions {
  readonly federationId: string;
  readonly member: MemberId;
  /** Where people drop signed documents. */
  readonly dropFolder: string;
  /** Where accepted ones are kept. */
  readonly keepFolder: string;
  /** Reads what is kept and writes nothing: for commands beside a running member. Default false. */
  readonly isReadOnly?: boolean;
  readonly disk: Disk;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly log: Log;
}

/** Opens what is kept and reads the drop folder once. */
export async function openDocuments(options: DocumentsOptions): Promise<FederationDocuments> {
  if (options.isReadOnly !== true) await options.disk.makeFolder(options.keepFolder);
  const documents = new FolderDocuments(options);
  await documents.restore();
  await documents.readFolder();
  return documents;
}

class FolderDocuments implements FederationDocuments {
  readonly #options: DocumentsOptions;
  readonly #listeners = new Set<() => void>();
  /** Files already looked at: name to size and time of change. */
  readonly #seen = new Map<string, string>();
  readonly #unkept = new Set<KeptFile>();
  #state: RosterState;
  #practitioners: PractitionerDirectories = new Map();
  /** One change at a time, so that what is kept follows what is held. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: DocumentsOptions) {
    this.#options = options;
    this.#state = createRosterState(options.federationId);
  }

  state(): RosterState {
    return this.#state;
  }

  practitioners(): PractitionerDirectories {
    return this.#practitioners;
  }

  envelopes(): readonly Uint8Array[] {
    return [...envelopesToKeep(this.#state), ...[...this.#practitioners.values()].map(({ envelope }) => envelope)];
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  accept(envelopes: readonly Uint8Array[]): Promise<boolean> {
    const turn = this.#turn.then(() => this.#accept(envelopes));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.readFolder().catch((error: unknown) => {
        this.#options.log.write('error', 'federation.watch.failed', errorFields(error));
      });
      await this.#options.clock.sleep(WATCH_MS, { signal }).catch(() => {});
    }
  }

  async restore(): Promise<void> {
    const { clock, crypto, federationId, log } = this.#options;
    const kept = await this.#readLines(ROSTER_FILE);
    const restored = restoreRosterState(federationId, kept, { crypto, nowMs: clock.now() });
    for (const error of restored.refused) log.write('error', 'federation.kept-document.refused', errorFields(error));
    this.#state = restored.state;
    for (const envelope of await this.#readLines(PRACTITIONERS_FILE)) this.#takePractitioners(envelope);
  }

  async readFolder(): Promise<void> {
    const { dropFolder, log } = this.#options;
    const fresh: Uint8Array[] = [];
    for (const name of await readdir(dropFolder).catch(() => [])) {
      if (!name.endsWith('.json')) continue;
      try {
        const path = join(dropFolder, name);
        const { mtimeMs, size } = await stat(path);
        if (this.#seen.get(name) === `${size} ${mtimeMs}`) continue;
        if (size <= MAX_FILE_BYTES) fresh.push(trimmed(await readFile(path)));
        this.#seen.set(name, `${size} ${mtimeMs}`);
      } catch (error) {
        log.write('warn', 'federation.file.unreadable', errorFields(error));
      }
    }
    if (fresh.length > 0) await this.accept(fresh);
    for (const file of this.#unkept) await this.#keepOrNote(file);
  }

  async publishPractitioners(practitioners: readonly Practitioner[], signer: Signer): Promise<void> {
    const { clock, federationId, member } = this.#options;
    const held = this.#practitioners.get(member);
    const isCurrent =
      held !== undefined &&
      canonical(held.practitioners) === canonical(practitioners) &&
      held.expiresMs - clock.now() > PRACTITIONERS_VALID_MS / 2;
    if (isCurrent) return;
    const payload = {
      expires: isoSeconds(clock.now() + PRACTITIONERS_VALID_MS),
      fedId: federationId,
      issued: isoSeconds(clock.now()),
      orgId: member,
      practitioners: practitioners.map((one) => ({ ...one })),
      version: (held?.version ?? 0) + 1,
    };
    await this.accept([encodeEnvelope(await signEnvelope(PRACTITIONERS_TYPE, payload, [signer]))]);
  }

  async #accept(envelopes: readonly Uint8Array[]): Promise<boolean> {
    const { clock, crypto, log } = this.#options;
    const rosters = envelopes.filter((envelope) => typeOf(envelope) !== PRACTITIONERS_TYPE);
    const result = acceptRoster(this.#state, rosters, { crypto, nowMs: clock.now() });
    for (const error of result.refused) log.write('warn', 'federation.document.refused', errorFields(error));
    const rosterIsNews = result.state !== this.#state;
    // In memory first, and those who ask are told: a removal counts at once, and also while the disk is full.
    this.#state = result.state;
    const directories = envelopes.filter((envelope) => typeOf(envelope) === PRACTITIONERS_TYPE);
    const before = this.#practitioners;
    for (const envelope of directories) this.#takePractitioners(envelope);
    const practitionersAreNews = before !== this.#practitioners;
    const isNews = rosterIsNews || practitionersAreNews;
    if (isNews) for (const listener of this.#listeners) listener();
    if (rosterIsNews) {
      log.write('info', 'federation.roster.accepted', { rosterVersion: result.state.roster?.document.version ?? 0 });
      await this.#keepOrNote(ROSTER_FILE);
    }
    if (practitionersAreNews) await this.#keepOrNote(PRACTITIONERS_FILE);
    return isNews;
  }

  #takePractitioners(envelope: Uint8Array): void {
    const { crypto, log } = this.#options;
    try {
      this.#practitioners = acceptPractitioners(this.#practitioners, envelope, { crypto, state: this.#state });
    } catch (error) {
      if (!isInterhospError(error)) throw error;
      log.write('warn', 'federation.document.refused', errorFields(error));
    }
  }

  async #readLines(file: string): Promise<readonly Uint8Array[]> {
    const { disk, keepFolder } = this.#options;
    const bytes = await readWhole(disk, join(keepFolder, file));
    if (bytes === undefined) return [];
    const lines = Buffer.from(bytes).toString('utf8').split('\n');
    return lines.filter((line) => line !== '').map((line) => Buffer.from(line));
  }

  /** What could not be kept is tried again with every look at the folder. */
  async #keepOrNote(file: KeptFile): Promise<void> {
    try {
      await this.#keep(file);
      this.#unkept.delete(file);
    } catch (error) {
      this.#unkept.add(file);
      this.#options.log.write('error', 'federation.keep.failed', errorFields(error));
    }
  }

  async #keep(file: KeptFile): Promise<void> {
    const { disk, isReadOnly = false, keepFolder } = this.#options;
    if (isReadOnly) return;
    const envelopes =
      file === ROSTER_FILE
        ? envelopesToKeep(this.#state)
        : [...this.#practitioners.values()].map(({ envelope }) => envelope);
    const lines = envelopes.flatMap((envelope) => [envelope, Buffer.from('\n')]);
    await writeWhole(disk, keepFolder, file, Buffer.concat(lines));
  }
}

/** The same for the same directory, whatever order its fields were written in. */
function canonical(practitioners: readonly Practitioner[]): string {
  return Buffer.from(jcs(practitioners.map((one) => ({ ...one })))).toString();
}

/** SHA-256 of an envelope's bytes, 64 hex digits: how peers name a document to each other. */
export function envelopeHash(envelope: Uint8Array): string {
  return createHash('sha256').update(envelope).digest('hex');
}

function typeOf(envelope: Uint8Array): string | undefined {
  try {
    return decodeEnvelope(envelope).payloadType;
  } catch {
    return undefined;
  }
}

/** Editors end files with a line break; an envelope has none. */
function trimmed(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && (bytes[end - 1] === 10 || bytes[end - 1] === 13 || bytes[end - 1] === 32)) end--;
  return bytes.subarray(0, end);
}
