/** The parts of a member in the shapes in which its journeys take them. */
import type { Uid } from '@interhosp/core/dicom';
import { ConfigError, FederationError, PacsError } from '@interhosp/core/errors';
import { memberById, memberOfPeer, nodesOf } from '@interhosp/core/federation';
import { sourceOf, type Pacs, type PacsSource } from '@interhosp/core/pacs';
import type { MemberId } from '@interhosp/core/study';
import { TRANSFER_PROTOCOL_ID } from '@interhosp/core/transfer';
import type { Clock, Log } from '@interhosp/core/world';
import type { LoadedConfig } from '../config/load.ts';
import type { MemberConfig } from '../config/schema.ts';
import type { CompleteStudy } from '../journey/discovery.ts';
import type { InboundPorts, OutboundPorts, SharedPorts } from '../journey/ports.ts';
import { RECEIPT_PROTOCOL_ID } from '../journey/receipts.ts';
import { errorFields } from '../observe/logger.ts';
import { createDecoderPool } from '../pixels/index.ts';
import { nodeCrypto, nodeRandom } from '../world/index.ts';
import { createLanes } from './lanes.ts';
import type { Outgoing } from './outgoing.ts';
import type { OpenOptions, Parts } from './parts.ts';
import { createSlots } from './slots.ts';

/** Made once for each running member. */
export class MemberPorts {
  readonly shared: SharedPorts;
  readonly #clock: Clock;
  readonly #decoder = createDecoderPool();
  readonly #lanes = createLanes();
  readonly #loaded: LoadedConfig;
  readonly #log: Log;
  readonly #parts: Parts;

  constructor({ clock, loaded, log }: OpenOptions, parts: Parts) {
    this.#clock = clock;
    this.#loaded = loaded;
    this.#log = log;
    this.#parts = parts;
    this.shared = this.#makeShared();
  }

  #makeShared(): SharedPorts {
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

  outbound(): OutboundPorts {
    const { source } = this.#loaded.config;
    return {
      ...this.shared,
      get source(): PacsSource {
        throw new PacsError('PACS_WRITE_ONLY');
      },
      ...(source === undefined ? {} : { source: this.source(source) }),
    };
  }

  inbound(): InboundPorts {
    const { coercion, destination, filing, reconciliation } = this.#loaded.config;
    if (destination === undefined) throw new PacsError('PACS_READ_ONLY');
    const { accessionNumber, preferredCharacterSet, utcOffset } = coercion;
    const sign = utcOffset.startsWith('-') ? -1 : 1;
    return {
      ...this.shared,
      decoding: { decoder: this.#decoder, policy: filing.decode },
      filing: {
        coercion: {
          accession:
            accessionNumber === 'empty' ? { kind: 'empty' } : { kind: 'prefix', prefix: accessionNumber.prefix },
          nationalNumberIssuers: reconciliation.nationalNumberIssuers,
          switchTo: preferredCharacterSet === 'ISO_IR 100' ? 'ISO_IR 100, else ISO_IR 192' : preferredCharacterSet,
        },
        self: this.shared.self,
        utcOffsetMinutes: sign * (Number(utcOffset.slice(1, 3)) * 60 + Number(utcOffset.slice(3))),
      },
      journalHead: () => this.#parts.journal.head(),
      lane: (study, work) => this.#lanes.run(study, work),
      pacs: this.pacs(destination),
      patients: this.patients(),
      random: nodeRandom(),
      signer: this.#parts.keys.identity,
    };
  }

  /** Ends what runs beside the member's own thread. */
  async stop(): Promise<void> {
    await this.#decoder.stop();
  }

  patients() {
    const { mode, policy, profile } = this.#loaded.config.reconciliation;
    return { clock: this.#clock, directory: this.#parts.patients, log: this.#log, settings: { mode, policy, profile } };
  }

  discovery(source: PacsSource, outgoing: Outgoing) {
    const { discovery, reconciliation } = this.#loaded.config;
    const rules = this.#parts.rules?.version.rules.rules ?? [];
    const hasEmergencies = rules.some(({ priority }) => priority === 'emergency');
    return {
      clock: this.#clock,
      isSettled: (uid: Uid) => outgoing.cameFromElsewhere(uid),
      log: this.#log,
      onComplete: (study: CompleteStudy) => outgoing.route(study),
      // Without a rule for emergencies no study needs to be looked into before it is complete.
      ...(hasEmergencies && { onGrowing: (study: CompleteStudy) => outgoing.hurry(study) }),
      settings: {
        nationalNumberIssuers: reconciliation.nationalNumberIssuers,
        orderOpenMs: discovery.orderOpenHours * 3_600_000,
        overlapMs: discovery.overlapHours * 3_600_000,
        pollMs: discovery.pollSeconds * 1000,
        quiet: quietTimesMs(discovery.quietSeconds),
        sweepHour: discovery.sweepHour,
        sweepsUndated: discovery.sweepUndated,
        windowDays: discovery.windowDays,
      },
      source,
      // Study dates are written by clocks on the hospital's walls, and so is this machine's.
      utcOffsetMinutes: (epochMs: number) => -new Date(epochMs).getTimezoneOffset(),
    };
  }

  /** What studies leave from: more than the PACS where its adapter is pushed to. */
  source(name: string): PacsSource {
    return sourceOf(this.pacs(name));
  }

  /** What studies are filed in, and seen to be in. */
  pacs(name: string): Pacs {
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
}

function quietTimesMs({ byModality, other }: MemberConfig['discovery']['quietSeconds']) {
  const entries = Object.entries(byModality).map(([modality, seconds]) => [modality, seconds * 1000] as const);
  return { byModalityMs: Object.fromEntries(entries), otherMs: other * 1000 };
}
