/**
 * Which way a study is retrieved: by C-MOVE where the PACS has it, knows our AE title and we listen; by C-GET otherwise. Of
 * the two C-MOVE is what PACS are used to, and what their vendors test.
 */
import type { Uid } from '@interhosp/core/dicom';
import { errorCodeOf, isInterhospError, PacsError } from '@interhosp/core/errors';
import type { RetrievedInstance } from '@interhosp/core/pacs';
import type { PrivateKinds } from '../store/context-plan.ts';
import type { ListedInstance } from '../query/find-studies.ts';
import { getInstances, type RetrieveOptions } from './get-scu.ts';
import type { MoveDesk } from './move-desk.ts';
import { moveInstances } from './move-scu.ts';
import type { PacsProfile } from '../profile/profile.ts';
import type { PeerAddress } from '../association/request-association.ts';
import { STATUS } from '../association/status.ts';

/** A way to retrieve. */
export type RetrieveMethod = 'move' | 'get';

/** What is wanted of a study. */
export interface WantedInstances {
  readonly studyInstanceUid: Uid;
  readonly instances: readonly ListedInstance[];
  readonly isWholeStudy: boolean;
  /** Those it stands under, once each; needed in the patient root. */
  readonly patientIds: readonly string[];
  readonly sopClasses: readonly Uid[];
}

/** Who is asked, and how. */
export interface RetrieveByOptions extends RetrieveOptions, PrivateKinds {
  readonly peer: PeerAddress;
  readonly profile: Pick<PacsProfile, 'move' | 'get'>;
  /** Where moves arrive; undefined when we do not listen. */
  readonly desk: MoveDesk | undefined;
  /** Ways to be tried, the preferred first. */
  readonly methods: readonly RetrieveMethod[];
  /** Told of a way that turned out to be none. */
  readonly onUnfit?: ((method: RetrieveMethod) => void) | undefined;
}

/** Statuses that say that a way is none at all, whatever is retrieved (PS3.7 C.5). */
const UNFIT_STATUSES: ReadonlySet<number> = new Set([
  STATUS.sopClassNotSupported,
  STATUS.notAuthorized,
  STATUS.unrecognizedOperation,
]);

/**
 * Retrieves by the first way that goes. Where a PACS refuses one for reasons of its own before anything came, the next is
 * tried for this time: it may be the study and not the way.
 *
 * @throws {PacsError} `PACS_REFUSED` when there is none; otherwise as `moveInstances` and `getInstances`.
 */
export async function* retrieveBy(
  wanted: WantedInstances,
  options: RetrieveByOptions,
): AsyncGenerator<RetrievedInstance, void, undefined> {
  const { desk, methods, onUnfit, profile } = options;
  const usable = methods.filter((method) => profile[method].length > 0 && (method === 'get' || desk !== undefined));
  for (const [index, method] of usable.entries()) {
    let hasBegun = false;
    try {
      for await (const instance of retrieveOneWay(method, wanted, options)) {
        hasBegun = true;
        yield instance;
      }
      return;
    } catch (error) {
      if (hasBegun || index === usable.length - 1) throw error;
      if (isUnfit(error)) onUnfit?.(method);
      else if (errorCodeOf(error) !== 'PACS_REFUSED') throw error;
    }
  }
  throw new PacsError('PACS_REFUSED', { details: { reason: 'no-retrieval' } });
}

function isUnfit(error: unknown): boolean {
  if (!isInterhospError(error)) return false;
  const { code, details } = error;
  if (code === 'PACS_DESTINATION_UNKNOWN') return true;
  const isNone = details.reason === 'no-context' || UNFIT_STATUSES.has(details.status ?? STATUS.success);
  return code === 'PACS_REFUSED' && isNone;
}

async function* retrieveOneWay(
  method: RetrieveMethod,
  wanted: WantedInstances,
  options: RetrieveByOptions,
): AsyncGenerator<RetrievedInstance, void, undefined> {
  if (options.profile[method].includes('study')) yield* retrieveUnder(undefined, method, wanted, options);
  else yield* retrieveUnderEach(method, wanted, options);
}

/**
 * In the patient root each patient is asked for what was listed under it. What was listed in the study root, under nobody, is
 * asked for under one after the other.
 */
async function* retrieveUnderEach(
  method: RetrieveMethod,
  wanted: WantedInstances,
  options: RetrieveByOptions,
): AsyncGenerator<RetrievedInstance, void, undefined> {
  const missing = new Map(wanted.instances.map((instance) => [instance.sopInstanceUid, instance]));
  let failure: Error | undefined;
  for (const patientId of wanted.patientIds) {
    const instances = [...missing.values()].filter((each) => (each.patientId ?? patientId) === patientId);
    if (instances.length === 0) continue;
    try {
      for await (const instance of retrieveUnder(patientId, method, { ...wanted, instances }, options)) {
        if (instance.sopInstanceUid !== undefined) missing.delete(instance.sopInstanceUid);
        yield instance;
      }
    } catch (error) {
      if (!isInterhospError(error) || error.code !== 'PACS_INCOMPLETE') throw error;
      failure ??= error;
    }
  }
  if (missing.size > 0 && failure !== undefined) throw failure;
}

async function* retrieveUnder(
  patientId: string | undefined,
  method: RetrieveMethod,
  { instances, isWholeStudy, sopClasses, studyInstanceUid }: WantedInstances,
  options: RetrieveByOptions,
): AsyncGenerator<RetrievedInstance, void, undefined> {
  const { desk, peer } = options;
  const request = { studyInstanceUid, instances, isWholeStudy, ...(patientId !== undefined && { patientId }) };
  if (method === 'get') yield* getInstances(peer, request, { ...options, sopClasses });
  else if (desk !== undefined) yield* moveInstances(peer, request, { ...options, desk });
}
