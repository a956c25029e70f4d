/**
 * Turns the documents, pictures, videos and sounds of a watched folder into objects of its studies. Each look at the folder
 * asks anew whose a file is, since the study may have come, gone or been corrected; the file itself is read once.
 */
import {
  ImportError,
  isInterhospError,
  StorageError,
  type ErrorCode,
  type InterhospError,
} from '@interhosp/core/errors';
import type { StudyIndex } from '@interhosp/core/pacs';
import type { DictionaryEntry } from '../../dcmjs/index.ts';
import { fsCodeOf, readFully } from '../../disk/open-file.ts';
import { openToRead, type Files } from '../files.ts';
import { isSameState, keyOf, type FiledInstance, type FileState } from '../read-file.ts';
import type { SeenFile } from '../scan.ts';
import { indexedObject } from './composed.ts';
import { kindOf, readContent, type Content, type ContentKind } from './content.ts';
import { KEYWORDS } from './keywords.ts';
import { HASHED_BYTES_PER_LOOK, MAX_SIDECAR_BYTES } from './limits.ts';
import { objectOf } from './object.ts';
import { contradictionAmong, placementOf, type Placement } from './placement.ts';
import { mergeSaid, parseSidecar, type Said } from './sidecar.ts';

/** How an importer is made. */
export interface ImporterOptions {
  readonly files: Files;
  readonly studies: StudyIndex<FiledInstance>;
  /** Tags and VRs of keywords; asked for each object that is made. */
  readonly dictionary: (keywords: readonly string[]) => Promise<Readonly<Record<string, DictionaryEntry>>>;
  /** Told of each file that is refused, once for each reason. Never of its name. */
  readonly onRefused?: (error: InterhospError) => void;
  /** Default `HASHED_BYTES_PER_LOOK`. */
  readonly hashedBytesPerLook?: number;
}

/** What became of a file: an object, the same one as before while nothing changed, or the code of the reason. */
export interface Judgement {
  readonly seen: SeenFile;
  /** `growing` for one that changed while it was read, or whose turn comes in the next look. */
  readonly result: FiledInstance | ErrorCode | 'growing';
}

/** The files of one look. */
interface Sightings {
  readonly files: SeenFile[];
  readonly sidecars: Map<string, SeenFile>;
}

/** What is remembered of a file between looks. */
interface Known {
  readonly state: FileState;
  readonly content?: Content | InterhospError;
  /** What the object was made from, and the object. */
  readonly madeFrom?: string;
  readonly instance?: FiledInstance;
  /** The reason that was told of. */
  readonly refused?: string;
}

const FOLDER_SIDECAR = 'import.json';
const SIDECAR_END = '.json';

/** One importer for one folder tree. */
export class Importer {
  readonly #options: ImporterOptions;
  readonly #known = new Map<string, Known>();
  readonly #said = new Map<string, { readonly state: FileState; readonly said: Said | InterhospError }>();
  #sightings: Sightings = { files: [], sidecars: new Map() };

  constructor(options: ImporterOptions) {
    this.#options = options;
  }

  /** Begins a look. */
  begin(): void {
    this.#sightings = { files: [], sidecars: new Map() };
  }

  /** Takes a file that is imported, or says of one that is; whether it did. */
  take(seen: SeenFile): boolean {
    const path = keyOf(seen.path);
    const name = path.slice(path.lastIndexOf('/') + 1);
    const isSidecar =
      name === FOLDER_SIDECAR ||
      (name.endsWith(SIDECAR_END) && kindOf(name.slice(0, -SIDECAR_END.length)) !== undefined);
    if (isSidecar) this.#sightings.sidecars.set(path, seen);
    else if (kindOf(name) !== undefined) this.#sightings.files.push(seen);
    else return false;
    return true;
  }

  /** The files of this look, in the order of names. */
  get seen(): readonly SeenFile[] {
    return this.#sightings.files;
  }

  /** Judges the files that have stood still. What was not seen in this look is forgotten. */
  async judge(ready: readonly SeenFile[], signal: AbortSignal): Promise<readonly Judgement[]> {
    this.#forgetUnseen();
    const places = new Map<SeenFile, { readonly said: Said; readonly placement: Placement } | InterhospError>();
    for (const seen of ready) places.set(seen, await this.#place(seen, signal));
    refuseContradictions(places);
    const judgements: Judgement[] = [];
    let budget = this.#options.hashedBytesPerLook ?? HASHED_BYTES_PER_LOOK;
    for (const [seen, place] of places) {
      signal.throwIfAborted();
      if (isInterhospError(place)) {
        judgements.push({ seen, result: this.#refuse(seen, place) });
      } else {
        const isRead = this.#knownOf(seen).content !== undefined;
        // The first one is read whatever its size.
        const isAffordable = isRead || budget > 0;
        if (!isRead) budget -= seen.state.sizeBytes;
        const result = isAffordable ? await this.#make(seen, place.said, place.placement, signal) : 'growing';
        judgements.push({ seen, result });
      }
    }
    return judgements;
  }

  async #place(seen: SeenFile, signal: AbortSignal): Promise<{ said: Said; placement: Placement } | InterhospError> {
    return await orError(signal, async () => {
      const path = keyOf(seen.path);
      const { sidecars } = this.#sightings;
      const own = sidecars.get(`${path}${SIDECAR_END}`);
      const folder = sidecars.get(`${path.slice(0, path.lastIndexOf('/') + 1)}${FOLDER_SIDECAR}`);
      if (own === undefined && folder === undefined) throw new ImportError('IMPORT_IDENTITY_MISSING');
      const said = mergeSaid(own && (await this.#read(own)), folder && (await this.#read(folder)));
      return { said, placement: placementOf(said, this.#options.studies, isImported) };
    });
  }

  /** What a sidecar says; read again when it changed. */
  async #read({ path, state }: SeenFile): Promise<Said> {
    const key = keyOf(path);
    const before = this.#said.get(key);
    let said = before !== undefined && isSameState(before.state, state) ? before.said : undefined;
    if (said === undefined) {
      const bytes = await readSmall(this.#options.files, path, MAX_SIDECAR_BYTES + 1);
      said = await orError(undefined, async () => parseSidecar(bytes));
      this.#said.set(key, { state, said });
    }
    if (isInterhospError(said)) throw said;
    return said;
  }

  async #make(
    seen: SeenFile,
    said: Said,
    placement: Placement,
    signal: AbortSignal,
  ): Promise<FiledInstance | ErrorCode | 'growing'> {
    const content = await orError(signal, () => this.#contentOf(seen, signal));
    if (content === undefined) return 'growing';
    if (isInterhospError(content)) return this.#refuse(seen, content);
    const known = this.#knownOf(seen);
    const madeFrom = JSON.stringify([
      placement.studyInstanceUid,
      [...placement.values],
      [...said.values],
      [...said.codes],
    ]);
    if (known.instance !== undefined && known.madeFrom === madeFrom) return known.instance;
    const made = await orError(signal, async () => {
      const dictionary = await this.#options.dictionary([...KEYWORDS]);
      const composed = objectOf(content, { placement, said, digest: content.digest, dictionary });
      return { ...(await indexedObject(composed)), ...seen, offset: 0, parts: composed.parts };
    });
    if (isInterhospError(made)) return this.#refuse(seen, made);
    this.#known.set(keyOf(seen.path), { state: seen.state, content, madeFrom, instance: made });
    return made;
  }

  /** Read once for each state of a file; a defect of it is remembered too. */
  async #contentOf(seen: SeenFile, signal: AbortSignal): Promise<Content | undefined> {
    const { path, state } = seen;
    const known = this.#knownOf(seen);
    const kind = kindOf(keyOf(path)) as ContentKind;
    let { content } = known;
    if (content === undefined) {
      content = await orError(signal, () => readContent(this.#options.files, path, kind, state, signal));
      if (content === undefined) return undefined;
      // A disk that fails may do better next time.
      if (isInterhospError(content) && content.code === 'STORAGE_FAILED') throw content;
      this.#known.set(keyOf(path), { ...known, content });
    }
    if (isInterhospError(content)) throw content;
    return content;
  }

  #knownOf({ path, state }: SeenFile): Known {
    const known = this.#known.get(keyOf(path));
    return known !== undefined && isSameState(known.state, state) ? known : { state };
  }

  #refuse(seen: SeenFile, error: InterhospError): ErrorCode {
    const { instance: _, madeFrom: __, ...known } = this.#knownOf(seen);
    const refused = JSON.stringify([error.code, error.details]);
    if (known.refused !== refused) this.#options.onRefused?.(error);
    this.#known.set(keyOf(seen.path), { ...known, refused });
    return error.code;
  }

  #forgetUnseen(): void {
    const { files, sidecars } = this.#sightings;
    const seen = new Set(files.map(({ path }) => keyOf(path)));
    for (const key of this.#known.keys()) if (!seen.has(key)) this.#known.delete(key);
    for (const key of this.#said.keys()) if (!sidecars.has(key)) this.#said.delete(key);
  }
}

/** Files that are said to be of one new study, and of two patients: nobody knows which is wrong, so none is taken. */
function refuseContradictions(places: Map<SeenFile, { readonly placement: Placement } | InterhospError>): void {
  const byStudy = new Map<string, [SeenFile, Placement][]>();
  for (const [seen, place] of places) {
    if (isInterhospError(place) || !place.placement.isNew) continue;
    const { placement } = place;
    const group = byStudy.get(placement.studyInstanceUid);
    if (group === undefined) byStudy.set(placement.studyInstanceUid, [[seen, placement]]);
    else group.push([seen, placement]);
  }
  for (const group of byStudy.values()) {
    const field = contradictionAmong(group.map(([, placement]) => placement));
    if (field === undefined) continue;
    for (const [seen] of group) {
      places.set(seen, new ImportError('IMPORT_CONFLICT', { details: { field, reason: 'files' } }));
    }
  }
}

/** Whether an instance was imported itself; such a one says nothing of a study. */
function isImported(instance: FiledInstance): boolean {
  return instance.parts !== undefined;
}

async function readSmall(files: Files, path: SeenFile['path'], mostBytes: number): Promise<Uint8Array> {
  const handle = await openToRead(files, path);
  try {
    return await readFully(handle, 0, mostBytes);
  } finally {
    await handle.close();
  }
}

/** A result, or an error of ours as one; what the disk says is `STORAGE_FAILED`. Cancelled is not failed. */
async function orError<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T | InterhospError> {
  try {
    return await work();
  } catch (error) {
    signal?.throwIfAborted();
    if (isInterhospError(error)) return error;
    const reason = fsCodeOf(error);
    if (reason === undefined) throw error;
    return new StorageError('STORAGE_FAILED', { cause: error, details: { reason } });
  }
}
