/**
 * A running member: opens what is durable, connects what is configured, and runs the journey of every exchange that is
 * not over. Whatever stops it, a start goes on where it was.
 */
import {
  ConfigError,
  errorCodeOf,
  FederationError,
  PacsError,
  ReconciliationError,
  TransferError,
} from '@interhosp/core/errors';
import {
  memberById,
  mayExchange,
  memberOfPeer,
  nodesOf,
  rosterHeads,
  rosterStanding,
} from '@interhosp/core/federation';
import type { Pacs, StudySummary } from '@interhosp/core/pacs';
import { parseMemberId, type MemberId } from '@interhosp/core/study';
import { parseUid, type Uid } from '@interhosp/core/dicom';
import { TRANSFER_PROTOCOL_ID } from '@interhosp/core/transfer';
import type { Clock, Log } from '@interhosp/core/world';
import { startAdmin, type AdminServer } from '../admin/server.ts';
import type { LoadedConfig } from '../config/load.ts';
import { discover, headerOf, type CompleteStudy } from '../journey/discovery.ts';
import { eraseBytes, expunge } from '../journey/expunge.ts';
import { inbound } from '../journey/inbound.ts';
import { outbound } from '../journey/outbound.ts';
import { decide } from '../journey/patient.ts';
import type { InboundPorts, OutboundPorts, SharedPorts } from '../journey/ports.ts';
import { RECEIPT_PROTOCOL_ID, takeReceipts } from '../journey/receipts.ts';
import { receiveOver } from '../journey/receive.ts';
import { supervise } from '../journey/supervise.ts';
import { errorFields } from '../observe/logger.ts';
import { createDocumentExchange, keepConnected, type DocumentExchange, type PeerAddress } from '../peer/index.ts';
import { crashpoint, nodeClock, nodeCrypto, nodeRandom } from '../world/index.ts';
import {
  byUrgency,
  isInReview,
  jobDetail,
  jobSummary,
  mustBeInReview,
  mustBeStoppable,
  reviewItem,
} from './answers.ts';
import { documentStore } from './document-store.ts';
import { createEventFeed, type EventFeed } from './event-feed.ts';
import { keepIndexed } from './indexer.ts';
import { createOutgoing, type Outgoing } from './outgoing.ts';
import { createLanes } from './lanes.ts';
import type { LiveExchange } from './live-exchange.ts';
import type { MemberApi, MemberStatus, ReviewDecision, ReviewItem, SendRequest } from './member-api.ts';
import { openParts, type Closers, type Parts } from './parts.ts';
import { createSlots } from './slots.ts';

/** How a member is made. */
export interface MemberOptions {
  readonly loaded: LoadedConfig;
  readonly log: Log;
  readonly clock?: Clock;
}

/** A member; `start` and `stop` may be called twice. */
export interface Member extends AsyncDisposable {
  /** @throws {InterhospError} when a part cannot be opened; nothing is left open then. */
  start(): Promise<{ readonly peerId: string; readonly addresses: readonly string[]; readonly admin: string }>;
  stop(): Promise<void>;
  /** @throws when the member is not running. */
  readonly api: MemberApi;
}

/** Inbound transfer streams of one member at once. */
const MAX_TRANSFER_STREAMS = 8;

/** Makes a member from its configuration; nothing is opened before `start`. */
export function createMember(options: MemberOptions): Member {
  let running: RunningMember | undefined;
  const member: Member = {
    get api() {
      if (running === undefined) throw new ConfigError('CONFIG_NOT_RUNNING');
      return running;
    },
    start: async () => {
      running ??= await RunningMember.open(options);
      return running.describe();
    },
    stop: async () => {
      await running?.stop();
      running = undefined;
    },
    [Symbol.asyncDispose]: () => member.stop(),
  };
  return member;
}

class RunningMember implements MemberApi {
  readonly #loaded: LoadedConfig;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #parts: Parts;
  readonly #shared: SharedPorts;
  readonly #stopping = new AbortController();
  readonly #journeys = new Map<string, Promise<void>>();
  readonly #background: Promise<unknown>[] = [];
  readonly #feed: EventFeed;
  readonly #outgoing: Outgoing;
  readonly #lanes = createLanes();
  readonly #startedMs: number;
  readonly #closers: Closers;
  #admin: AdminServer | undefined;

  static async open(options: MemberOptions): Promise<RunningMember> {
    const closers: Closers = [];
    let running: RunningMember | undefined;
    try {
      const parts = await openParts({ clock: nodeClock(), ...options }, closers);
      running = new RunningMember(options, parts, closers);
      await running.#run();
      return running;
    } catch (error) {
      // Journeys may run already; they must not go on over a journal that is closed.
      await running?.stop();
      if (running !== undefined) throw error;
      for (const close of closers.reverse()) await close().catch(() => {});
      throw error;
    }
  }

  private constructor({ clock = nodeClock(), loaded, log }: MemberOptions, parts: Parts, closers: Closers) {
    this.#loaded = loaded;
    this.#log = log.forComponent('interhosp:member');
    this.#clock = clock;
    this.#parts = parts;
    this.#closers = closers;
    this.#startedMs = clock.monotonicMs();
    this.#feed = createEventFeed(parts.ledger);
    this.#shared = this.#sharedPorts();
    const { self } = this.#shared;
    this.#outgoing = createOutgoing({ ...parts, begin: (x) => this.#begin(x), clock, log: this.#log, self });
  }

  describe() {
    return { addresses: this.#parts.host.addresses(), admin: this.#admin?.url ?? '', peerId: this.#parts.host.peerId };
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the member is stopping'));
    this.#feed.close();
    await this.#admin?.stop();
    await Promise.allSettled([...this.#journeys.values(), ...this.#background]);
    for (const close of this.#closers.reverse()) {
      await close().catch((error: unknown) => this.#log.write('warn', 'member.stop.failed', errorFields(error)));
    }
    this.#log.write('info', 'member.stopped');
  }

  // ---- starting

  async #run(): Promise<void> {
    const { documents, host, ledger } = this.#parts;
    const { signal } = this.#stopping;
    host.handle(TRANSFER_PROTOCOL_ID, (stream) => receiveOver(stream, this.#inboundPorts(), (x) => this.#begin(x)), {
      maxInboundStreams: MAX_TRANSFER_STREAMS,
    });
    host.handle(RECEIPT_PROTOCOL_ID, (stream) => takeReceipts(stream, this.#outboundPorts()), {
      maxInboundStreams: MAX_TRANSFER_STREAMS,
    });
    const exchange = this.#federate();
    await host.start();
    exchange.start();
    for (const x of ledger.all()) await this.#resume(x);
    this.#background.push(
      documents.watch(signal),
      keepIndexed(this.#parts.store, { ...this.#parts, clock: this.#clock, log: this.#log }, signal),
    );
    const { source } = this.#loaded.config;
    if (this.#parts.rules !== undefined && source !== undefined) {
      const pacs = this.#pacs(source);
      this.#background.push(discover({ ...this.#discoveryPorts(pacs), source: pacs }, signal));
    }
    const { admin, data } = this.#loaded.config;
    const dataFolder = this.#loaded.resolvePath(data);
    this.#admin = await startAdmin({ api: this, dataFolder, host: admin.host, log: this.#log, port: admin.port });
    this.#log.write('info', 'member.started', { count: ledger.all().length, peerId: host.peerId });
  }

  /** Keeps connections and documents as the roster says, and follows its changes without a restart. */
  #federate(): DocumentExchange {
    const { documents, host } = this.#parts;
    const clock = this.#clock;
    const members = () => this.#peers();
    const random = nodeRandom();
    const log = this.#log;
    const supervisor = keepConnected({ clock, host, log, members, random });
    const federationId = this.#loaded.config.federation.id;
    const exchange = createDocumentExchange({
      clock,
      documents: documentStore(documents),
      federationId,
      host,
      log,
      members,
      random,
    });
    documents.onChange(() => {
      crashpoint('C27');
      host.recheck();
      supervisor.refresh();
      exchange.changed();
    });
    this.#closers.push(
      () => exchange.stop(),
      () => supervisor.stop(),
    );
    return exchange;
  }

  #peers(): readonly PeerAddress[] {
    const { self } = this.#shared;
    const orgs = this.#parts.documents.state().roster?.document.orgs ?? [];
    return orgs
      .filter(({ orgId, state }) => orgId !== self && state === 'active')
      .flatMap((org) => nodesOf(org).map(({ addrs, peerId }) => ({ addrs: [...addrs], peerId })));
  }

  async #resume(x: LiveExchange): Promise<void> {
    if (x.state.has('EXPUNGED')) return await eraseBytes(x, this.#shared);
    this.#begin(x);
  }

  /** Runs the journey of an exchange, once. */
  #begin(x: LiveExchange): void {
    if (this.#journeys.has(x.id) || this.#stopping.signal.aborted) return;
    const { retryFirstSeconds, retryForDays, retryMostSeconds } = this.#loaded.config.limits;
    const journey =
      x.facts.role === 'sender'
        ? (signal: AbortSignal) => outbound(x, this.#outboundPorts(), signal)
        : (signal: AbortSignal) => inbound(x, this.#inboundPorts(), signal);
    const options = {
      backoff: { firstMs: retryFirstSeconds * 1000, mostMs: retryMostSeconds * 1000 },
      clock: this.#clock,
      giveUpAfterMs: retryForDays * 86_400_000,
      log: this.#log,
      random: nodeRandom(),
    };
    const run = supervise(x, journey, options, this.#stopping.signal)
      .then(() => this.#eraseWhenDue(x))
      .finally(() => this.#journeys.delete(x.id));
    this.#journeys.set(x.id, run);
  }

  /** What a person or a policy ended is erased like what was closed. */
  async #eraseWhenDue(x: LiveExchange): Promise<void> {
    const { signal } = this.#stopping;
    if (signal.aborted || !x.state.isOver || x.state.has('EXPUNGED')) return;
    try {
      await expunge(x, this.#shared, signal);
    } catch (error) {
      if (!signal.aborted) this.#shared.note('exchange.erasure.failed', error);
    }
  }

  // ---- ports

  #sharedPorts(): SharedPorts {
    const { documents, keys, ledger, spool } = this.#parts;
    const { config } = this.#loaded;
    return {
      clock: this.#clock,
      crypto: nodeCrypto(),
      documents,
      federationId: config.federation.id,
      keepMs: config.spool.keepHours * 3_600_000,
      keys,
      ledger,
      log: this.#log,
      memberOf: (peerId) => memberOfPeer(documents.state(), peerId, this.#clock.now())?.orgId,
      note: (event, error) => this.#log.write('warn', event, errorFields(error)),
      openStream: (member, kind, signal) => this.#openStream(member, kind, signal),
      self: config.member,
      filingSlots: createSlots(config.limits.exchanges),
      patienceMs: config.limits.retryForDays * 86_400_000,
      slots: createSlots(config.limits.exchanges),
      spool,
    };
  }

  #outboundPorts(): OutboundPorts {
    const { source } = this.#loaded.config;
    return {
      ...this.#shared,
      get source(): Pacs {
        throw new PacsError('PACS_WRITE_ONLY');
      },
      ...(source === undefined ? {} : { source: this.#pacs(source) }),
    };
  }

  #inboundPorts(): InboundPorts {
    const { coercion, destination, reconciliation } = this.#loaded.config;
    if (destination === undefined) throw new PacsError('PACS_READ_ONLY');
    const { accessionNumber, preferredCharacterSet, utcOffset } = coercion;
    const sign = utcOffset.startsWith('-') ? -1 : 1;
    return {
      ...this.#shared,
      filing: {
        coercion: {
          accession:
            accessionNumber === 'empty' ? { kind: 'empty' } : { kind: 'prefix', prefix: accessionNumber.prefix },
          nationalNumberIssuers: reconciliation.nationalNumberIssuers,
          switchTo: preferredCharacterSet === 'ISO_IR 100' ? 'ISO_IR 100, else ISO_IR 192' : preferredCharacterSet,
        },
        self: this.#shared.self,
        utcOffsetMinutes: sign * (Number(utcOffset.slice(1, 3)) * 60 + Number(utcOffset.slice(3))),
      },
      journalHead: () => this.#parts.journal.head(),
      lane: (study, work) => this.#lanes.run(study, work),
      pacs: this.#pacs(destination),
      patients: this.#patientPorts(),
      signer: this.#parts.keys.identity,
    };
  }

  #patientPorts() {
    const { mode, policy, profile } = this.#loaded.config.reconciliation;
    return { clock: this.#clock, directory: this.#parts.patients, log: this.#log, settings: { mode, policy, profile } };
  }

  #discoveryPorts(source: Pacs) {
    const { discovery, reconciliation } = this.#loaded.config;
    return {
      clock: this.#clock,
      isSettled: (uid: Uid) => this.#outgoing.cameFromElsewhere(uid),
      log: this.#log,
      onComplete: (study: CompleteStudy) => this.#outgoing.route(study),
      settings: {
        nationalNumberIssuers: reconciliation.nationalNumberIssuers,
        pollMs: discovery.pollSeconds * 1000,
        quietMs: discovery.quietSeconds * 1000,
        windowDays: discovery.windowDays,
      },
      source,
    };
  }

  #pacs(name: string): Pacs {
    const pacs = this.#parts.pacs.get(name);
    if (pacs === undefined) throw new ConfigError('CONFIG_INVALID', { details: { pacs: name } });
    return pacs;
  }

  async #openStream(member: MemberId, kind: 'transfer' | 'receipt', signal: AbortSignal) {
    const org = memberById(this.#parts.documents.state(), member);
    if (org === undefined) throw new FederationError('FEDERATION_MEMBER_UNKNOWN', { details: { member } });
    const protocol = kind === 'transfer' ? TRANSFER_PROTOCOL_ID : RECEIPT_PROTOCOL_ID;
    let failure: unknown = new FederationError('FEDERATION_MEMBER_UNKNOWN', { details: { member } });
    for (const { addrs, peerId } of nodesOf(org)) {
      try {
        return await this.#parts.host.open(peerId, [...addrs], protocol, { signal });
      } catch (error) {
        signal.throwIfAborted();
        failure = error;
      }
    }
    throw failure;
  }

  // ---- operations

  async status(): Promise<MemberStatus> {
    const { documents, host, ledger } = this.#parts;
    const jobs: Record<string, number> = {};
    for (const x of ledger.all()) jobs[x.state.stage] = (jobs[x.state.stage] ?? 0) + 1;
    const connected = new Set(host.connections().map(({ remotePeerId }) => remotePeerId));
    const { self } = this.#shared;
    const orgs = documents.state().roster?.document.orgs ?? [];
    return {
      addresses: host.addresses(),
      federationId: this.#loaded.config.federation.id,
      jobs,
      member: self,
      name: this.#loaded.config.name,
      peerId: host.peerId,
      peers: orgs
        .filter(({ orgId }) => orgId !== self)
        .flatMap((org) =>
          nodesOf(org).map(({ peerId }) => ({ connected: connected.has(peerId), member: org.orgId, peerId })),
        ),
      rosterState: rosterStanding(documents.state(), this.#clock.now()),
      rosterVersion: rosterHeads(documents.state()).rosterVersion,
      uptimeSeconds: Math.round((this.#clock.monotonicMs() - this.#startedMs) / 1000),
    };
  }

  async send({ by, priority = 'routine', purpose = 'treatment', studyInstanceUid, to }: SendRequest) {
    const { source } = this.#loaded.config;
    if (source === undefined) throw new PacsError('PACS_WRITE_ONLY');
    const uid = parseUid(studyInstanceUid);
    const member = parseMemberId(to);
    if (memberById(this.#parts.documents.state(), member) === undefined) {
      throw new FederationError('FEDERATION_MEMBER_UNKNOWN', { details: { member } });
    }
    const pacs = this.#pacs(source);
    const { signal } = this.#stopping;
    const found: StudySummary[] = [];
    for await (const summary of pacs.findStudies({ studyInstanceUid: uid }, { signal })) found.push(summary);
    const [summary] = found;
    // Under two patients here: which of them it is, a person must settle in the PACS before anything leaves.
    if (found.length > 1) throw new TransferError('TRANSFER_STUDY_CONFLICT', { details: { studyInstanceUid: uid } });
    if (summary === undefined) throw new PacsError('PACS_STUDY_UNKNOWN', { details: { studyInstanceUid: uid } });
    const header = await headerOf({ ...this.#discoveryPorts(pacs), source: pacs }, summary, signal);
    const instances = summary.instances ?? 0;
    const permission = mayExchange(this.#parts.documents.state(), {
      action: 'send',
      from: this.#shared.self,
      modalities: header.modalities,
      nowMs: this.#clock.now(),
      priority,
      purpose,
      to: member,
    });
    if (!permission.allowed) {
      throw new FederationError(permission.code, { details: { member, reason: permission.reason } });
    }
    const x = await this.#outgoing.accept({
      because: { by, kind: 'person' },
      header,
      instances,
      priority,
      purpose,
      to: member,
    });
    return { exchangeId: x.id };
  }

  async jobs() {
    return this.#parts.ledger.all().map(jobSummary);
  }

  async job(exchangeId: string) {
    return jobDetail(this.#parts.ledger.get(exchangeId));
  }

  async reviews(): Promise<readonly ReviewItem[]> {
    const waiting = this.#parts.ledger.all().filter(isInReview);
    const items = await Promise.all(waiting.map((x) => this.#reviewOrNone(x)));
    return items.filter((item) => item !== undefined).toSorted(byUrgency);
  }

  /** One that was decided meanwhile is left out; a directory that is down is everybody's problem. */
  async #reviewOrNone(x: LiveExchange): Promise<ReviewItem | undefined> {
    try {
      return await this.review(x.id);
    } catch (error) {
      if (errorCodeOf(error) === 'RECONCILIATION_NOT_IN_REVIEW') return undefined;
      throw error;
    }
  }

  async review(exchangeId: string): Promise<ReviewItem> {
    const x = mustBeInReview(this.#parts.ledger.find(exchangeId));
    return reviewItem(x, await decide(x, this.#patientPorts()));
  }

  async decide(exchangeId: string, decision: ReviewDecision): Promise<void> {
    const x = mustBeInReview(this.#parts.ledger.find(exchangeId));
    if (decision.kind === 'link' && (await this.#parts.patients.get(decision.patientId)) === undefined) {
      throw new ReconciliationError('RECONCILIATION_PATIENT_UNKNOWN');
    }
    // Whom the person saw and did not choose is not linked by the machine afterwards.
    const seen = decision.kind === 'new' ? (await this.review(exchangeId)).candidates : [];
    const notPatientIds = seen.map(({ patient }) => patient.patientId.id);
    await x.record('DECIDED', { ...decision, ...(notPatientIds.length === 0 ? {} : { notPatientIds }) });
  }

  async release(exchangeId: string, by: string): Promise<void> {
    await this.#parts.ledger.get(exchangeId).record('RELEASED', { by });
  }

  async cancel(exchangeId: string, by: string, reason: string): Promise<void> {
    const x = this.#parts.ledger.get(exchangeId);
    mustBeStoppable(x);
    await x.record('CANCELLED', { by, reason });
  }

  events(options?: { readonly signal?: AbortSignal }) {
    return this.#feed.events(options);
  }
}
