/** What is asked of a running member, from the administration interface or by whoever embeds it. */
import { parseUid } from '@interhosp/core/dicom';
import { errorCodeOf, FederationError, PacsError, ReconciliationError, TransferError } from '@interhosp/core/errors';
import { mayExchange, memberById, nodesOf, rosterHeads, rosterStanding } from '@interhosp/core/federation';
import type { StudySummary } from '@interhosp/core/pacs';
import { parseMemberId } from '@interhosp/core/study';
import type { Clock } from '@interhosp/core/world';
import type { LoadedConfig } from '../config/load.ts';
import { headerOf, instancesOf } from '../journey/first-header.ts';
import { decide } from '../journey/patient.ts';
import {
  byUrgency,
  isInReview,
  jobDetail,
  jobSummary,
  mustBeInReview,
  mustBeStoppable,
  reviewItem,
} from './answers.ts';
import type { EventFeed } from './event-feed.ts';
import type { LiveExchange } from './live-exchange.ts';
import type { MemberApi, MemberStatus, ReviewDecision, ReviewItem, SendRequest } from './member-api.ts';
import type { MemberPorts } from './member-ports.ts';
import type { Outgoing } from './outgoing.ts';
import type { Parts } from './parts.ts';

/** What the operations work with. */
export interface OperationsParts {
  readonly clock: Clock;
  readonly feed: EventFeed;
  readonly loaded: LoadedConfig;
  readonly outgoing: Outgoing;
  readonly parts: Parts;
  readonly ports: MemberPorts;
  /** Ends what is under way when the member stops. */
  readonly signal: AbortSignal;
}

/** The operations of one running member. */
export class MemberOperations implements MemberApi {
  readonly #clock: Clock;
  readonly #feed: EventFeed;
  readonly #loaded: LoadedConfig;
  readonly #outgoing: Outgoing;
  readonly #parts: Parts;
  readonly #ports: MemberPorts;
  readonly #signal: AbortSignal;
  readonly #startedMs: number;

  constructor({ clock, feed, loaded, outgoing, parts, ports, signal }: OperationsParts) {
    this.#clock = clock;
    this.#feed = feed;
    this.#loaded = loaded;
    this.#outgoing = outgoing;
    this.#parts = parts;
    this.#ports = ports;
    this.#signal = signal;
    this.#startedMs = clock.monotonicMs();
  }

  async status(): Promise<MemberStatus> {
    const { documents, host, ledger } = this.#parts;
    const jobs: Record<string, number> = {};
    for (const x of ledger.all()) jobs[x.state.stage] = (jobs[x.state.stage] ?? 0) + 1;
    const connected = new Set(host.connections().map(({ remotePeerId }) => remotePeerId));
    const { self } = this.#ports.shared;
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
    const pacs = this.#ports.source(source);
    const signal = this.#signal;
    const found: StudySummary[] = [];
    for await (const summary of pacs.findStudies({ studyInstanceUid: uid }, { signal })) found.push(summary);
    const [summary] = found;
    // Under two patients here: which of them it is, a person must settle in the PACS before anything leaves.
    if (found.length > 1) throw new TransferError('TRANSFER_STUDY_CONFLICT', { details: { studyInstanceUid: uid } });
    if (summary === undefined) throw new PacsError('PACS_STUDY_UNKNOWN', { details: { studyInstanceUid: uid } });
    const discovery = this.#ports.discovery(pacs, this.#outgoing);
    // The exchange never seals less than was there: of nothing, that would be no promise.
    const instances = await instancesOf(discovery, summary, signal);
    if (instances === 0) throw new PacsError('PACS_STUDY_UNKNOWN', { details: { studyInstanceUid: uid } });
    const header = await headerOf(discovery, summary, signal);
    const permission = mayExchange(this.#parts.documents.state(), {
      action: 'send',
      from: this.#ports.shared.self,
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
    return reviewItem(x, await decide(x, this.#ports.patients()));
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
