/** How a PACS over DIMSE is reached and used, and what is done where nothing is said. */
import { setTimeout } from 'node:timers/promises';
import type { Uid } from '@interhosp/core/dicom';
import type { PacsCapabilities } from '@interhosp/core/pacs';
import type { Clock, Log } from '@interhosp/core/world';
import type { AllowedCaller } from './association/callers.ts';
import { REPORT_WITHIN_MS, STORE_ASSOCIATIONS } from './limits.ts';
import type { PeerAddress } from './association/request-association.ts';
import type { StoreInboxOptions } from './pushed/store-inbox.ts';
import type { TlsIdentity } from './association/tls.ts';

/** Where we listen: for the instances of C-MOVE, for what is pushed to us, and for reports of commitment. */
export interface ListenOptions {
  /** Default `127.0.0.1`: who listens to a network says so. */
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly tls?: TlsIdentity;
  /** Who may call; the PACS itself is to be among them. */
  readonly callers: readonly AllowedCaller[];
}

/** All but the peer have defaults. */
export interface DimsePacsOptions {
  readonly peer: PeerAddress;
  readonly clock?: Clock;
  readonly log?: Log;
  /** A folder of the adapter's own, for the profile of the PACS; without, it is asked again after each start. */
  readonly folder?: string;
  /** Without, studies can only be retrieved by C-GET, and nothing can be pushed. */
  readonly listen?: ListenOptions;
  /** Keeps what is pushed to us, beside what was moved; needs {@link listen}. */
  readonly inbox?: Omit<StoreInboxOptions, 'clock' | 'log'>;
  /** Default `auto`: C-MOVE where the PACS has it and we listen, else C-GET. */
  readonly retrieve?: 'auto' | 'move' | 'get';
  /** Associations of one store, 1 to 4; default 1, since some PACS lose what comes over two at once. */
  readonly associations?: number;
  readonly connectTimeoutMs?: number;
  readonly associateTimeoutMs?: number;
  /** Silence of the PACS during a search or a store; default a minute. */
  readonly inactivityMs?: number;
  /** Silence before the first instance of a retrieval, in which a nearline archive fetches tapes; default 45 minutes. */
  readonly nearlineMs?: number;
  /** Silence between two instances of a retrieval; default five minutes. */
  readonly nextInstanceMs?: number;
  /** Statuses by which this PACS says that it is busy, beside A7xx. */
  readonly busyStatuses?: readonly number[];
  /** Term of (0008,0005) for searches; default the least that holds the text. */
  readonly characterSet?: string;
  /** Character set of answers that declare none and have bytes over 7FH. */
  readonly undeclaredCharacterSet?: string;
  /** SOP classes of vendors: taken when they come, and asked for where a PACS does not say of what class an instance is. */
  readonly privateClasses?: readonly Uid[];
  /** Transfer syntaxes of vendors: taken when they come, and asked about and for beside those of DICOM. */
  readonly privateSyntaxes?: readonly Uid[];
  /**
   * Transfer syntaxes in which instances are taken, the most wanted first, and no others. Default: what a sender names first,
   * in which it holds the instance.
   */
  readonly storageSyntaxes?: readonly Uid[];
  /** How long what the PACS said of itself is believed; default a day. */
  readonly profileLifeMs?: number;
  /**
   * Whether the PACS is asked to keep what was stored for good, where it has storage commitment; needs {@link folder}. Its
   * reports come to {@link listen}, or on the association that asked. Default `never`.
   */
  readonly commitment?: 'never' | 'when-supported';
  /** How long a report of commitment is waited for; default half a minute. */
  readonly commitmentWaitMs?: number;
  /** A modality worklist, which tells whether a procedure goes on; often another system than the PACS. */
  readonly worklist?: PeerAddress;
  /** Whether stored data sets come back byte for byte; default false, as nobody can tell from outside. */
  readonly preservesBytes?: boolean;
  /** What the PACS does with a second object of the same UID; default `unknown`. */
  readonly onDuplicate?: PacsCapabilities['onDuplicate'];
}

/** A tape robot takes half an hour, and sometimes somebody has to put the tape in. */
export const NEARLINE_MS = 2_700_000;

/** A PACS that was updated last night is asked anew. */
export const PROFILE_LIFE_MS = 86_400_000;

/** The options with what is done where nothing is said. */
export function defaultsFor(options: DimsePacsOptions) {
  return {
    ...options,
    clock: options.clock ?? processClock,
    retrieve: options.retrieve ?? 'auto',
    commitment: options.commitment ?? 'never',
    commitmentWaitMs: options.commitmentWaitMs ?? REPORT_WITHIN_MS,
    associations: options.associations ?? STORE_ASSOCIATIONS,
    busyStatuses: options.busyStatuses ?? [],
    nearlineMs: options.nearlineMs ?? NEARLINE_MS,
    preservesBytes: options.preservesBytes ?? false,
    onDuplicate: options.onDuplicate ?? ('unknown' as const),
    profileLifeMs: options.profileLifeMs ?? PROFILE_LIFE_MS,
  };
}

/** Time of this process. */
export const processClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  async sleep(ms, { signal } = {}) {
    await setTimeout(ms, undefined, signal === undefined ? {} : { signal }).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw error;
    });
  },
};
