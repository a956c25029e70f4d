/**
 * Whose study is this here: reconciles an arrival with the local patient directory until the answer is a local patient,
 * waiting for a person or for a registration where it must. Runs beside the bytes, from the offer's header alone.
 */
import { isDeepStrictEqual } from 'node:util';
import type { PatientDirectory } from '@interhosp/core/patients';
import { MODELS, POLICIES, PROFILES, reconcile, toDecisionRecord, type Decision } from '@interhosp/core/reconciliation';
import type { LocalPatient } from '@interhosp/core/study';
import { TransferError } from '@interhosp/core/errors';
import type { RecordPayloads } from '@interhosp/core/transfer';
import type { Clock, Log } from '@interhosp/core/world';
import type { LiveExchange } from '../member/live-exchange.ts';

/** How a site reconciles. */
export interface PatientSettings {
  readonly profile: keyof typeof PROFILES;
  readonly policy: keyof typeof POLICIES;
  /** Only `automatic` files without a person. */
  readonly mode: 'shadow' | 'confirmed' | 'automatic';
}

/** What the journey needs. */
export interface PatientPorts {
  readonly directory: PatientDirectory;
  readonly settings: PatientSettings;
  readonly clock: Clock;
  readonly log: Log;
}

/** The patient an arrival is filed under. Returns when that is recorded, however long it takes. */
export async function settlePatient(x: LiveExchange, ports: PatientPorts, signal: AbortSignal): Promise<LocalPatient> {
  for (;;) {
    const linked = x.recorded('LINKED');
    if (linked !== undefined) return linked.patient;
    const decided = x.recorded('DECIDED');
    if (decided?.kind === 'link') return await linkAsDecided(x, decided, ports);
    if (decided?.kind === 'reject') {
      // The end is recorded here and not beside the decision, so that a crash between the two changes nothing.
      await x.record('CANCELLED', { by: decided.by, reason: decided.reason ?? 'rejected' });
      throw new TransferError('TRANSFER_CANCELLED');
    }
    const decision = await decide(x, ports, signal);
    const isUndisturbed = () => x.recorded('DECIDED') === decided;
    // A person may have decided while the directory was asked: then that counts.
    if (!isUndisturbed()) continue;
    if (decision.zone === 'link' && mayFileAlone(decision.patient, decided, ports)) {
      await x.record('RECONCILING', { decision: toDecisionRecord(decision) });
      await x.recordIf(isUndisturbed, 'LINKED', { by: 'automatic', patient: decision.patient });
    } else if (isForRegistration(decision, decided)) {
      await awaitRegistration(x, decision, decided, ports, signal);
    } else {
      await note(x, 'REVIEW', decision);
      await x.until(() => !isUndisturbed(), signal);
    }
  }
}

type Decided = RecordPayloads['DECIDED'] | undefined;

/** The decision on what is known now. Patient data: kept in the journal under the exchange's key, never logged. */
export async function decide(x: LiveExchange, ports: PatientPorts, signal?: AbortSignal): Promise<Decision> {
  const { clock, directory, settings } = ports;
  const { header } = x.required('OFFER_SEEN');
  const candidates = await directory.candidates(header.patient, signal && { signal });
  return reconcile(header.patient, candidates, {
    model: MODELS[settings.profile],
    nowMs: clock.now(),
    policy: POLICIES[settings.policy],
    profile: PROFILES[settings.profile],
    registrySize: await directory.size(),
    names: await directory.names?.(),
  });
}

/** Only where the site lets it, and never under a patient of whom a person said that it is not the one. */
function mayFileAlone(patient: LocalPatient, decided: Decided, { settings }: PatientPorts): boolean {
  return settings.mode === 'automatic' && !isRefused(patient, decided);
}

function isRefused({ patientId }: LocalPatient, decided: Decided): boolean {
  return decided?.notPatientIds?.includes(patientId.id) === true;
}

/** Nobody here is near, or only those whom a person has refused: the patient is to be registered first. */
function isForRegistration(decision: Decision, decided: Decided): boolean {
  if (decision.zone === 'new') return true;
  const nearest = decision.zone === 'link' ? decision.patient : decision.nearest;
  return decided?.kind === 'new' && (nearest === undefined || isRefused(nearest, decided));
}

/** Records where the patient stands, unless the journal says just that already. */
async function note(x: LiveExchange, state: 'AWAITING_PATIENT' | 'REVIEW', decision: Decision): Promise<void> {
  const record = toDecisionRecord(decision);
  if (x.state.patient === state && isDeepStrictEqual(x.recorded('RECONCILING')?.decision, record)) return;
  await x.record('RECONCILING', { decision: record });
  await x.record(state, {});
}

async function linkAsDecided(
  x: LiveExchange,
  decided: RecordPayloads['DECIDED'],
  { directory }: PatientPorts,
): Promise<LocalPatient> {
  // Read again: the record may have been corrected since the clerk saw it.
  const patient = decided.patientId === undefined ? undefined : await directory.get(decided.patientId);
  if (patient === undefined)
    throw new TransferError('TRANSFER_STATE', { details: { reason: 'patient-unknown' }, retry: 'later' });
  await x.record('LINKED', { by: decided.by, patient });
  return patient;
}

/** Never invents a local ID: waits until the directory changes, or a person decides otherwise. */
async function awaitRegistration(
  x: LiveExchange,
  decision: Decision,
  decided: Decided,
  { directory }: PatientPorts,
  signal: AbortSignal,
): Promise<void> {
  let isChanged = false;
  const unsubscribe = directory.onChange(() => {
    isChanged = true;
    x.changed();
  });
  try {
    await note(x, 'AWAITING_PATIENT', decision);
    await x.until(() => isChanged || x.recorded('DECIDED') !== decided, signal);
  } finally {
    unsubscribe();
  }
}
