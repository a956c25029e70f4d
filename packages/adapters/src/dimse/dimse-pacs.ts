/**
 * A PACS that speaks DIMSE (PS3.4, PS3.7): C-FIND to search, C-MOVE or C-GET to retrieve, C-STORE to store; and an inbox for
 * what it, or a modality, pushes to us, which is a source beside the PACS (with-inbox.ts) and is never taken for it.
 */
import { join } from 'node:path';
import type { Uid } from '@interhosp/core/dicom';
import { PacsError } from '@interhosp/core/errors';
import type {
  CommitOptions,
  InstanceReference,
  InstanceSummary,
  OrderStatus,
  Pacs,
  PacsCapabilities,
  PacsOptions,
  PacsPatient,
  PacsSource,
  PatientQuery,
  RetrievedInstance,
  StorableInstance,
  StorageCommitment,
  StoreOutcome,
  StudyQuery,
  StudySummary,
} from '@interhosp/core/pacs';
import { silentLog, type Log } from '@interhosp/core/world';
import type { Association } from './association/association.ts';
import { Calls } from './calls.ts';
import { openCommitmentScu, type CommitmentScu } from './commitment/commitment-scu.ts';
import { echo } from './association/echo.ts';
import type { QueryOptions } from './query/find-scu.ts';
import { findPatients, findStudies, type SearchOptions } from './query/find-studies.ts';
import { KnownPacs } from './profile/known-pacs.ts';
import { MAX_COMMITMENT_REFERENCES } from './limits.ts';
import { listStudy, type StudyListing } from './query/list-study.ts';
import { defaultsFor, type DimsePacsOptions } from './pacs-options.ts';
import type { PacsProfile } from './profile/profile.ts';
import { Reception } from './reception.ts';
import {
  proposedContexts,
  requestAssociation,
  type AssociationOptions,
  type PeerAddress,
} from './association/request-association.ts';
import { retrieveBy, type RetrieveMethod } from './retrieve/retrieve-by.ts';
import { storeInstances } from './store/store-scu.ts';
import { PLAIN_SYNTAXES, SOP_CLASSES } from './association/uids.ts';
import { withInbox } from './pushed/with-inbox.ts';
import { findOrderStatus } from './query/worklist-scu.ts';

/** A PACS over DIMSE, and what is known of it. */
export interface DimsePacs extends Pacs {
  /** Where it listens; undefined while it does not. */
  readonly listensAt: number | undefined;
  /** What the PACS was seen to do: asked once, without changing anything or opening an image. @throws {PacsError} */
  profile(options?: PacsOptions): Promise<PacsProfile>;
  acceptedSyntaxes(sopClassUid: Uid, options?: PacsOptions): Promise<readonly Uid[]>;
}

/** Makes a PACS over DIMSE. @throws {RangeError} for options that contradict each other. */
export function dimsePacs(options: DimsePacsOptions): DimsePacs {
  return new Dimse(options);
}

const FIND_CLASSES = [SOP_CLASSES.studyRootFind, SOP_CLASSES.patientRootFind];

class Dimse implements DimsePacs {
  readonly capabilities: PacsCapabilities;
  /** Only with an inbox. It tells of changes; nothing else does. */
  readonly withPushed?: PacsSource;
  /** Only with a worklist. */
  readonly orderStatus?: (study: StudySummary, options?: PacsOptions) => Promise<OrderStatus>;
  /** Only with commitment. */
  readonly commit?: NonNullable<Pacs['commit']>;
  readonly #options: ReturnType<typeof defaultsFor>;
  readonly #log: Log;
  readonly #known: KnownPacs;
  readonly #calls = new Calls();
  readonly #reception: Reception | undefined;
  #commitment: CommitmentScu | undefined;
  #isStopped = false;

  constructor(given: DimsePacsOptions) {
    const options = defaultsFor(given);
    const { clock, folder, listen, peer, preservesBytes, onDuplicate, privateSyntaxes, profileLifeMs, worklist } =
      options;
    this.#options = options;
    this.#log = (options.log ?? silentLog).forComponent('interhosp:dimse');
    this.capabilities = { source: true, destination: true, preservesBytes, onDuplicate };
    this.#known = new KnownPacs({
      clock,
      folder,
      lifeMs: profileLifeMs,
      log: this.#log,
      peer,
      privateSyntaxes,
      probe: this.#times,
    });
    if (listen === undefined && options.inbox !== undefined) throw new RangeError('an inbox needs a listener');
    if (listen !== undefined) {
      this.#reception = new Reception({ ...options, listen, aeTitle: peer.callingAe, log: this.#log });
    }
    if (options.commitment === 'when-supported') {
      if (folder === undefined) throw new RangeError('commitment needs a folder');
      this.commit = (instances, call) => this.#commit(instances, call);
    }
    if (worklist !== undefined) this.orderStatus = (study, call) => this.#orderStatus(worklist, study, call);
    if (options.inbox !== undefined) {
      this.withPushed = withInbox({
        pacs: this,
        inbox: () => this.#reception?.inbox,
        begin: (call) => this.#begin(call),
      });
    }
  }

  get listensAt(): number | undefined {
    return this.#reception?.port;
  }

  async start(): Promise<void> {
    this.#isStopped = false;
    const { clock, commitment, commitmentWaitMs, folder, peer } = this.#options;
    if (commitment === 'when-supported' && folder !== undefined) {
      this.#commitment ??= await openCommitmentScu({
        peer,
        folder: join(folder, 'commitment'),
        clock,
        reportWithinMs: commitmentWaitMs,
        association: this.#times,
      });
    }
    await this.#reception?.start(this.#commitment);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#calls.abort(stopped());
    this.#commitment?.stop();
    this.#commitment = undefined;
    await this.#reception?.stop();
    await this.#known.settled();
  }

  async echo(options: PacsOptions = {}): Promise<void> {
    using call = this.#begin(options);
    await echo(this.#options.peer, { ...this.#times, signal: call.signal });
  }

  async profile(options: PacsOptions = {}): Promise<PacsProfile> {
    using call = this.#begin(options);
    return await this.#known.profile(call);
  }

  async acceptedSyntaxes(sopClassUid: Uid, options: PacsOptions = {}): Promise<readonly Uid[]> {
    using call = this.#begin(options);
    return await this.#known.acceptedSyntaxes(sopClassUid, call);
  }

  async *findStudies(query: StudyQuery, options: PacsOptions = {}): AsyncGenerator<StudySummary, void, undefined> {
    using call = this.#begin(options);
    for await (const study of this.#search(query, call.signal)) {
      call.signal.throwIfAborted();
      yield study;
    }
    call.signal.throwIfAborted();
  }

  async *findPatients(query: PatientQuery, options: PacsOptions = {}): AsyncGenerator<PacsPatient, void, undefined> {
    using call = this.#begin(options);
    const association = await this.#open(this.#options.peer, [SOP_CLASSES.patientRootFind], call.signal);
    try {
      for await (const patient of findPatients(association, query, this.#queryOptions(call.signal))) {
        call.signal.throwIfAborted();
        yield patient;
      }
      await association.release(call.signal);
    } finally {
      association.abort();
    }
  }

  async *findInstances(
    studyInstanceUid: Uid,
    options: PacsOptions = {},
  ): AsyncGenerator<InstanceSummary, void, undefined> {
    using call = this.#begin(options);
    const { instances } = await this.#list(studyInstanceUid, call.signal);
    for (const { sopClassUid, sopInstanceUid, seriesInstanceUid } of instances) {
      call.signal.throwIfAborted();
      yield { seriesInstanceUid, sopInstanceUid, ...(sopClassUid !== undefined && { sopClassUid }) };
    }
  }

  async *retrieve(
    studyInstanceUid: Uid,
    options: PacsOptions & { readonly instances?: readonly InstanceSummary[] } = {},
  ): AsyncGenerator<RetrievedInstance, void, undefined> {
    using call = this.#begin(options);
    const { signal } = call;
    const named = options.instances && new Set(options.instances.map((each) => each.sopInstanceUid));
    if (named?.size === 0) return;
    const listing = await this.#list(studyInstanceUid, signal);
    if (listing.instances.length === 0) throw new PacsError('PACS_STUDY_UNKNOWN', { details: { studyInstanceUid } });
    const instances = listing.instances.filter(({ sopInstanceUid }) => named?.has(sopInstanceUid) !== false);
    if (instances.length > 0) {
      const isWholeStudy = instances.length === listing.instances.length;
      yield* this.#retrieveListed({ ...listing, studyInstanceUid, instances, isWholeStudy }, signal);
    }
    signal.throwIfAborted();
    const missing = named === undefined ? 0 : named.size - instances.length;
    if (missing > 0) throw new PacsError('PACS_INCOMPLETE', { details: { studyInstanceUid, count: missing } });
  }

  async *store(
    instances: Iterable<StorableInstance> | AsyncIterable<StorableInstance>,
    options: PacsOptions = {},
  ): AsyncGenerator<StoreOutcome, void, undefined> {
    using call = this.#begin(options);
    const { associations, busyStatuses, peer } = this.#options;
    const { signal } = call;
    yield* storeInstances(peer, instances, { ...this.#times, associations, busyStatuses, signal });
  }

  /** Part by part, the same whatever the order; a part without an answer is the last one. */
  async #commit(instances: readonly InstanceReference[], options: CommitOptions): Promise<StorageCommitment> {
    using call = this.#begin(options);
    const { filing } = options;
    const answers: StorageCommitment[] = [];
    const { hasStorageCommitment } = await this.#known.profile(call);
    const sorted = instances.toSorted((one, other) => (one.sopInstanceUid < other.sopInstanceUid ? -1 : 1));
    for (let at = 0; hasStorageCommitment && at < sorted.length; at += MAX_COMMITMENT_REFERENCES) {
      const part = sorted.slice(at, at + MAX_COMMITMENT_REFERENCES);
      const answer = await this.#commitment?.commit(part, { filing, signal: call.signal });
      if (answer === undefined) break;
      answers.push(answer);
    }
    return {
      committed: answers.flatMap(({ committed }) => committed),
      failed: answers.flatMap(({ failed }) => failed),
    };
  }

  async #orderStatus(worklist: PeerAddress, study: StudySummary, options: PacsOptions = {}): Promise<OrderStatus> {
    using call = this.#begin(options);
    return await this.#ask(worklist, [SOP_CLASSES.worklistFind], call.signal, (association) =>
      findOrderStatus(association, study, this.#queryOptions(call.signal)),
    );
  }

  async *#search(query: StudyQuery, signal: AbortSignal): AsyncGenerator<StudySummary, void, undefined> {
    const options = this.#searchOptions(signal);
    const association = await this.#open(this.#options.peer, FIND_CLASSES, signal);
    try {
      for await (const { sopClasses: _, instances, ...study } of findStudies(association, query, options)) {
        const isCounted = instances !== undefined && this.#known.known?.counts !== 'wrong';
        yield isCounted ? { ...study, instances } : study;
      }
      await association.release(signal);
    } finally {
      association.abort();
    }
  }

  /** Lists a study; and looks, while nobody knows, whether its count is its number of instances. */
  async #list(studyInstanceUid: Uid, signal: AbortSignal): Promise<StudyListing> {
    const options = this.#searchOptions(signal);
    return await this.#ask(this.#options.peer, FIND_CLASSES, signal, async (association) => {
      const listing = await listStudy(association, studyInstanceUid, options);
      if (listing.count !== undefined && this.#known.known?.counts === 'unknown') {
        // A study may grow at this moment: only a count that is the same before and after says something.
        const { count } = await listStudy(association, studyInstanceUid, options);
        if (count === listing.count) this.#known.sawCount(count === listing.instances.length);
      }
      return listing;
    });
  }

  async *#retrieveListed(
    wanted: Parameters<typeof retrieveBy>[0],
    signal: AbortSignal,
  ): AsyncGenerator<RetrievedInstance, void, undefined> {
    const { nearlineMs, nextInstanceMs, peer, privateClasses, privateSyntaxes, retrieve } = this.#options;
    const profile = await this.#known.profile({ signal });
    const ways: readonly RetrieveMethod[] = retrieve === 'auto' ? ['move', 'get'] : [retrieve];
    const methods = ways.filter((way) => !this.#known.isUnfit(way));
    yield* retrieveBy(wanted, {
      ...this.#times,
      ...this.#queryOptions(signal),
      peer,
      profile,
      desk: this.#reception?.desk,
      methods: methods.length > 0 ? methods : ways,
      firstInstanceMs: nearlineMs,
      nextInstanceMs,
      privateClasses,
      privateSyntaxes,
      onUnfit: (way) => {
        this.#log.write('warn', 'dimse.retrieval.unfit', { kind: way });
        this.#known.sawUnfit(way);
      },
    });
  }

  async #ask<T>(
    peer: PeerAddress,
    sopClasses: readonly Uid[],
    signal: AbortSignal,
    ask: (association: Association) => Promise<T>,
  ): Promise<T> {
    const association = await this.#open(peer, sopClasses, signal);
    try {
      const answer = await ask(association);
      await association.release(signal);
      return answer;
    } finally {
      association.abort();
    }
  }

  async #open(peer: PeerAddress, sopClasses: readonly Uid[], signal: AbortSignal): Promise<Association> {
    const contexts = proposedContexts(
      sopClasses.map((abstractSyntax) => ({ abstractSyntax, transferSyntaxes: PLAIN_SYNTAXES })),
    );
    const association = await requestAssociation(peer, { ...this.#times, contexts, signal });
    if (peer === this.#options.peer) this.#known.saw(association);
    return association;
  }

  get #times(): Omit<AssociationOptions, 'contexts' | 'roles' | 'signal'> {
    const { associateTimeoutMs, connectTimeoutMs, inactivityMs } = this.#options;
    return {
      ...(associateTimeoutMs !== undefined && { associateTimeoutMs }),
      ...(connectTimeoutMs !== undefined && { connectTimeoutMs }),
      ...(inactivityMs !== undefined && { inactivityMs }),
    };
  }

  #queryOptions(signal: AbortSignal): QueryOptions {
    const { busyStatuses, characterSet, undeclaredCharacterSet } = this.#options;
    return { busyStatuses, characterSet, undeclaredCharacterSet, signal };
  }

  #searchOptions(signal: AbortSignal): SearchOptions {
    return { ...this.#queryOptions(signal), sawAnswer: (answer, keys) => this.#known.sawAnswer(answer, keys) };
  }

  #begin(options: PacsOptions): ReturnType<Calls['begin']> {
    options.signal?.throwIfAborted();
    if (this.#isStopped) throw stopped();
    return this.#calls.begin(options);
  }
}

function stopped(): PacsError {
  return new PacsError('PACS_UNREACHABLE', { details: { reason: 'stopped' } });
}
