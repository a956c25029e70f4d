/**
 * A PACS of one's own, as an example: an archive of DICOM objects in a single file (archive-file.ts). This is the adapter:
 * it passes the conformance suite, and runs under `interhosp start` (adapter.ts).
 */
import type { Uid } from '@interhosp/core/dicom';
import { PacsError } from '@interhosp/core/errors';
import type { InstanceSummary, Pacs, PacsCapabilities, PacsOptions, RetrievedInstance } from '@interhosp/core/pacs';
import type { StorableInstance, StoreOutcome, StudyQuery, StudySummary } from '@interhosp/core/pacs';
import { append, openArchive, piecesOf, type Archive } from './archive-file.ts';

/** Makes a PACS whose objects are in one file; its folder must exist. */
export function archivePacs(options: { readonly file: string }): Pacs {
  return new ArchivePacs(options.file);
}

class ArchivePacs implements Pacs {
  readonly capabilities: PacsCapabilities = {
    source: true,
    destination: true,
    preservesBytes: true,
    onDuplicate: 'ignore',
  };
  readonly #file: string;
  #archive: Promise<Archive> | undefined;
  /** Records are written one after another, however many callers store. */
  #lastWrite: Promise<unknown> = Promise.resolve();

  constructor(file: string) {
    this.#file = file;
  }

  async start(): Promise<void> {
    // An archive that cannot be opened yet is a PACS that is down: each call will say so.
    await this.#opened().catch(() => {});
  }

  async stop(): Promise<void> {
    const archive = this.#archive;
    this.#archive = undefined;
    await this.#lastWrite.catch(() => {});
    await archive?.then(({ handle }) => handle.close()).catch(() => {});
  }

  async echo(options: PacsOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    await (await this.#opened()).handle.stat();
  }

  async *findStudies(query: StudyQuery, options: PacsOptions = {}): AsyncGenerator<StudySummary> {
    options.signal?.throwIfAborted();
    for (const study of (await this.#opened()).index.studies(query)) {
      options.signal?.throwIfAborted();
      yield study;
    }
  }

  async *findInstances(studyInstanceUid: Uid, options: PacsOptions = {}): AsyncGenerator<InstanceSummary> {
    options.signal?.throwIfAborted();
    for (const { seriesInstanceUid, sopInstanceUid, sopClassUid } of (await this.#opened()).index.instances(
      studyInstanceUid,
    )) {
      options.signal?.throwIfAborted();
      yield { seriesInstanceUid, sopInstanceUid, sopClassUid };
    }
  }

  async *retrieve(
    studyInstanceUid: Uid,
    options: PacsOptions & { readonly instances?: readonly InstanceSummary[] } = {},
  ): AsyncGenerator<RetrievedInstance> {
    options.signal?.throwIfAborted();
    const { handle, index } = await this.#opened();
    const held = index.instances(studyInstanceUid);
    if (options.instances?.length === 0) return;
    if (held.length === 0) throw new PacsError('PACS_STUDY_UNKNOWN', { details: { studyInstanceUid } });
    const named = options.instances && new Set(options.instances.map((instance) => instance.sopInstanceUid));
    const wanted = held.filter((instance) => named?.has(instance.sopInstanceUid) ?? true);
    // To answer a part of what was asked for in silence is how images get lost.
    if (named !== undefined && wanted.length < named.size) throw new PacsError('PACS_INCOMPLETE');
    for (const instance of wanted) {
      options.signal?.throwIfAborted();
      yield { transferSyntaxUid: instance.transferSyntaxUid, dataSet: piecesOf(handle, instance, options) };
    }
  }

  async *store(
    instances: Iterable<StorableInstance> | AsyncIterable<StorableInstance>,
    options: PacsOptions = {},
  ): AsyncGenerator<StoreOutcome> {
    options.signal?.throwIfAborted();
    const archive = await this.#opened();
    for await (const instance of instances) {
      options.signal?.throwIfAborted();
      const written = this.#lastWrite.catch(() => {}).then(() => append(archive, instance, options));
      this.#lastWrite = written;
      yield { sopInstanceUid: instance.sopInstanceUid, ...(await written) };
    }
  }

  #opened(): Promise<Archive> {
    this.#archive ??= openArchive(this.#file).catch((error: unknown) => {
      this.#archive = undefined;
      throw new PacsError('PACS_UNREACHABLE', { cause: error });
    });
    return this.#archive;
  }
}
