/**
 * A PACS and the inbox beside it as one source: what was pushed to us leaves as what the PACS holds does. A source alone: what
 * lies in our inbox says nothing of what the PACS holds, which is what a delivery is confirmed by.
 */
import type { Uid } from '@interhosp/core/dicom';
import { errorCodeOf, PacsError } from '@interhosp/core/errors';
import type {
  InstanceSummary,
  IsPassedOn,
  PacsOptions,
  PacsSource,
  RetrievedInstance,
  StudyQuery,
  StudySummary,
} from '@interhosp/core/pacs';
import type { Call } from '../calls.ts';
import { mergeStudies } from './merge-inbox.ts';
import type { StoreInbox } from './store-inbox.ts';

/** What is joined. */
export interface WithInboxOptions {
  readonly pacs: PacsSource;
  /** Undefined while nothing is received. */
  readonly inbox: () => StoreInbox | undefined;
  /** Begins a call that ends when the adapter stops. */
  readonly begin: (options: PacsOptions) => Call;
}

/** Joins a PACS and its inbox; an instance that both hold is listed once, and read from the inbox. */
export function withInbox(options: WithInboxOptions): PacsSource {
  return new Joined(options);
}

class Joined implements PacsSource {
  readonly orderStatus?: NonNullable<PacsSource['orderStatus']>;
  readonly #options: WithInboxOptions;

  constructor(options: WithInboxOptions) {
    const { pacs } = options;
    this.#options = options;
    if (pacs.orderStatus !== undefined)
      this.orderStatus = async (...call) => (await pacs.orderStatus?.(...call)) ?? 'unknown';
  }

  async *findStudies(query: StudyQuery, options: PacsOptions = {}): AsyncGenerator<StudySummary, void, undefined> {
    using call = this.#options.begin(options);
    const held = this.#options.inbox()?.studies(query) ?? [];
    for await (const study of mergeStudies(this.#options.pacs.findStudies(query, call), held)) {
      call.signal.throwIfAborted();
      yield study;
    }
    call.signal.throwIfAborted();
  }

  async *findInstances(
    studyInstanceUid: Uid,
    options: PacsOptions = {},
  ): AsyncGenerator<InstanceSummary, void, undefined> {
    using call = this.#options.begin(options);
    const listed = new Set<Uid>();
    for await (const instance of this.#options.pacs.findInstances(studyInstanceUid, call)) {
      listed.add(instance.sopInstanceUid);
      yield instance;
    }
    for (const { seriesInstanceUid, sopClassUid, sopInstanceUid } of this.#held(studyInstanceUid)) {
      call.signal.throwIfAborted();
      if (!listed.has(sopInstanceUid)) yield { seriesInstanceUid, sopInstanceUid, sopClassUid };
    }
  }

  async *retrieve(
    studyInstanceUid: Uid,
    options: PacsOptions & { readonly instances?: readonly InstanceSummary[] } = {},
  ): AsyncGenerator<RetrievedInstance, void, undefined> {
    using call = this.#options.begin(options);
    const { pacs } = this.#options;
    const { signal } = call;
    const inbox = this.#options.inbox();
    const held = this.#held(studyInstanceUid);
    if (inbox === undefined || held.length === 0) return yield* pacs.retrieve(studyInstanceUid, { ...options, signal });
    const wanted = options.instances ?? (await this.#list(studyInstanceUid, signal));
    const heldUids = new Set(held.map(({ sopInstanceUid }) => sopInstanceUid));
    const [mine, theirs] = [true, false].map((isMine) =>
      wanted.filter(({ sopInstanceUid }) => heldUids.has(sopInstanceUid) === isMine),
    ) as [InstanceSummary[], InstanceSummary[]];
    yield* inbox.retrieve(studyInstanceUid, { instances: mine, signal });
    signal.throwIfAborted();
    if (theirs.length === 0) return;
    try {
      yield* pacs.retrieve(studyInstanceUid, { instances: theirs, signal });
    } catch (error) {
      if (errorCodeOf(error) !== 'PACS_STUDY_UNKNOWN') throw error;
      // Of the study as a whole something is known: it lies here.
      const details = { studyInstanceUid, count: theirs.length };
      throw new PacsError('PACS_INCOMPLETE', { cause: error, details });
    }
  }

  async *changes(options: PacsOptions): AsyncGenerator<Uid, void, undefined> {
    using call = this.#options.begin(options);
    yield* this.#options.inbox()?.changes(call) ?? [];
    // Stopped, which is not the caller's doing.
    if (options.signal?.aborted === true) throw options.signal.reason;
  }

  erasesWhen(isPassedOn: IsPassedOn): void {
    this.#options.inbox()?.erasesWhen(isPassedOn);
  }

  async #list(studyInstanceUid: Uid, signal: AbortSignal): Promise<readonly InstanceSummary[]> {
    const listed: InstanceSummary[] = [];
    for await (const instance of this.findInstances(studyInstanceUid, { signal })) listed.push(instance);
    return listed;
  }

  #held(studyInstanceUid: Uid): ReturnType<StoreInbox['instances']> {
    return this.#options.inbox()?.instances(studyInstanceUid) ?? [];
  }
}
