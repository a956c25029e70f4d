/**
 * A patient directory that the hospital's own system keeps up to date by HL7 v2: each ADT message is written to a registry,
 * and answered once it is kept there. Questions are answered by the registry.
 */
import { ReconciliationError } from '@interhosp/core/errors';
import type { NameCounts, PatientDirectory, PatientRegistry } from '@interhosp/core/patients';
import type { ArrivingPatient, LocalPatient } from '@interhosp/core/study';
import { silentLog, type Clock, type Log } from '@interhosp/core/world';
import { fsCodeOf } from '../disk/open-file.ts';
import type { DefaultCharset } from './character-set.ts';
import { NATIONAL_ID_TYPES, PATIENT_ID_TYPES } from './defaults.ts';
import { listen, type FeedLimits, type FeedListener } from './listener.ts';
import { createReceiver, type Receive, type Sender } from './receive.ts';
import type { FeedTls } from './tls.ts';

/** Options of {@link patientsHl7}. */
export interface PatientsHl7Options {
  /** Where the patients are kept; started and stopped with the feed. */
  readonly registry: PatientRegistry;
  /** The hospital's own issuer of patient IDs (0010,0021); every patient gets it. */
  readonly issuer: string;
  readonly clock: Clock;
  readonly log?: Log | undefined;
  /** Default `127.0.0.1`: who listens to a network says so. */
  readonly host?: string | undefined;
  /** 0 takes a free one. */
  readonly port: number;
  readonly tls?: FeedTls | undefined;
  /** Addresses and networks (`10.1.2.0/24`) that may connect; default all. */
  readonly addresses?: readonly string[] | undefined;
  /** Sending applications and facilities whose messages are taken; default all. */
  readonly senders?: readonly Sender[] | undefined;
  /** MSH-11 of messages that are taken; default `P` alone. */
  readonly processingIds?: readonly string[] | undefined;
  /** What the feed calls `issuer` in CX-4: namespace IDs or OIDs; default the issuer itself. */
  readonly authorities?: readonly string[] | undefined;
  /** Whether an identifier without CX-4 is one of `issuer`; default no. */
  readonly takesUnnamedAuthority?: boolean | undefined;
  /** CX-5 of patient numbers, the most wanted first, before those without a type; default `PATIENT_ID_TYPES`. */
  readonly patientIdTypes?: readonly string[] | undefined;
  /** CX-5 of national numbers; default `NATIONAL_ID_TYPES`. */
  readonly nationalIdTypes?: readonly string[] | undefined;
  /** CX-4 of national numbers, whatever their type; default none. */
  readonly nationalIdAuthorities?: readonly string[] | undefined;
  /** What messages without MSH-18 are read as; default `latin-1`. */
  readonly defaultCharset?: DefaultCharset | undefined;
  /** Whether an empty field keeps what is held, or deletes it as `""` does; default `keep`. */
  readonly emptyFields?: 'keep' | 'delete' | undefined;
  readonly limits?: FeedLimits | undefined;
}

/** A directory that is fed. */
export interface PatientsHl7 extends PatientDirectory {
  /** Where it listens; 0 until it does. */
  readonly port: number;
}

/**
 * A directory over an HL7 feed. Nothing is opened before `start()`, which throws `RECONCILIATION_DIRECTORY_UNAVAILABLE` when
 * the port cannot be had.
 */
export function patientsHl7(options: PatientsHl7Options): PatientsHl7 {
  return new Hl7Directory(options);
}

class Hl7Directory implements PatientsHl7 {
  readonly #options: PatientsHl7Options;
  readonly #registry: PatientRegistry;
  readonly #log: Log;
  readonly #receive: Receive;
  #running: Promise<FeedListener> | undefined;
  #port = 0;
  /** Present where the registry counts names. */
  readonly names?: () => Promise<NameCounts>;

  constructor(options: PatientsHl7Options) {
    const { registry } = options;
    this.#options = options;
    this.#registry = registry;
    this.#log = (options.log ?? silentLog).forComponent('interhosp:patients-hl7');
    this.#receive = createReceiver(receiverOptions(options));
    if (registry.names !== undefined) this.names = async () => await (registry.names?.() as Promise<NameCounts>);
  }

  get port(): number {
    return this.#port;
  }

  async start(): Promise<void> {
    const running = (this.#running ??= this.#open());
    try {
      this.#port = (await running).port;
    } catch (error) {
      // A start that failed may be tried again.
      if (this.#running === running) this.#running = undefined;
      throw error;
    }
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    this.#port = 0;
    const listener = await running?.catch(() => undefined);
    await listener?.stop();
    await this.#registry.stop();
  }

  async candidates(
    arrival: ArrivingPatient,
    options?: { readonly limit?: number; readonly signal?: AbortSignal },
  ): Promise<readonly LocalPatient[]> {
    return await this.#registry.candidates(arrival, options);
  }

  async get(patientId: string, options?: { readonly signal?: AbortSignal }): Promise<LocalPatient | undefined> {
    return await this.#registry.get(patientId, options);
  }

  async size(): Promise<number> {
    return await this.#registry.size();
  }

  onChange(listener: () => void): () => void {
    return this.#registry.onChange(listener);
  }

  async #open(): Promise<FeedListener> {
    const { addresses, host = '127.0.0.1', limits, log, port, tls } = this.#options;
    await this.#registry.start();
    try {
      const listener = await listen({ host, port, tls, addresses, limits, log, receive: this.#receive });
      this.#log.write('info', 'patients.feed.listening', { port: listener.port });
      return listener;
    } catch (cause) {
      await this.#registry.stop();
      throw new ReconciliationError('RECONCILIATION_DIRECTORY_UNAVAILABLE', {
        cause,
        details: { port, reason: fsCodeOf(cause) ?? 'listen' },
      });
    }
  }
}

function receiverOptions(options: PatientsHl7Options): Parameters<typeof createReceiver>[0] {
  const { clock, defaultCharset = 'latin-1', issuer, log, processingIds = ['P'], registry, senders } = options;
  return {
    registry,
    clock,
    log,
    defaultCharset,
    senders,
    processingIds,
    rules: {
      issuer,
      authorities: options.authorities ?? [issuer],
      takesUnnamedAuthority: options.takesUnnamedAuthority ?? false,
      patientIdTypes: options.patientIdTypes ?? PATIENT_ID_TYPES,
      nationalIdTypes: options.nationalIdTypes ?? NATIONAL_ID_TYPES,
      nationalIdAuthorities: options.nationalIdAuthorities ?? [],
      keepsEmpty: options.emptyFields !== 'delete',
    },
  };
}
