/**
 * Filing an arrival: look before storing, store what is missing under the local identity, and look again until the PACS is
 * seen to hold every instance under the intended patient. A store status alone is never believed.
 */
import type { Uid } from '@interhosp/core/dicom';
import { errorCodeOf, TransferError } from '@interhosp/core/errors';
import type { LocalPatient } from '@interhosp/core/study';
import type { RecordPayloads } from '@interhosp/core/transfer';
import type { LiveExchange } from '../member/live-exchange.ts';
import type { Pack } from '../spool/index.ts';
import { crashpoint } from '../world/index.ts';
import { heldInstances, retrieveOne, studiesOf } from './filing-look.ts';
import {
  decodedFor,
  mustHaveFiled,
  storable,
  storeAll,
  type Arrived,
  type FilingPorts,
  type Outcomes,
  type Work,
} from './filing-store.ts';
import { isShownUnder, samePatientId } from './patient-match.ts';
import { sameBytes, sameObject } from './read-back.ts';

/** How often, and for how long, the PACS is asked before the confirmation counts as failed: some index late. */
const CONFIRM_TRIES = 10;
const CONFIRM_PAUSE_MS = 500;
/** Instances read back; studies have a handful of SOP classes. */
const MAX_SAMPLES = 8;

/**
 * Files a study under its local patient. On return the record CONFIRMED is durable.
 *
 * @throws {TransferError} `TRANSFER_STUDY_CONFLICT`: a person decides; `TRANSFER_NOT_CONFIRMED`: tried again.
 * @throws {PacsError} as the adapter; tried again.
 */
export async function fileStudy(x: LiveExchange, pack: Pack, ports: FilingPorts, signal: AbortSignal): Promise<void> {
  const { patient } = x.required('LINKED');
  const { sender } = x.required('OFFER_SEEN');
  const arrived = arrivedIn(pack);
  crashpoint('C15', 'receiver');
  const storing = await x.step('STORING', async () => ({
    alreadyHeld: await lookBefore(x, patient, ports, signal),
    coercionTimeMs: ports.clock.now(),
    utcOffsetMinutes: ports.settings.utcOffsetMinutes,
  }));
  crashpoint('C16', 'receiver');
  const { outcomes } = await x.step('STORED', async () => ({
    outcomes: await storeAll(x, pack, arrived, { patient, ports, sender, signal, storing }),
  }));
  crashpoint('C19', 'receiver');
  await x.step('CONFIRMED', () => confirm(x, pack, { arrived, outcomes, patient, ports, sender, signal, storing }));
}

function arrivedIn(pack: Pack): readonly Arrived[] {
  return [...pack.instances()].map(({ entry, ordinal }) => ({ entry, ordinal }));
}

/** What the PACS holds of this study before anything is stored. A hit under another patient ends it here. */
async function lookBefore(
  x: LiveExchange,
  patient: LocalPatient,
  ports: FilingPorts,
  signal: AbortSignal,
): Promise<readonly Uid[]> {
  const summaries = await studiesOf(x, ports, signal);
  if (summaries.some((summary) => !samePatientId(summary.patient.patientId, patient.patientId))) {
    throw new TransferError('TRANSFER_STUDY_CONFLICT', { details: { reason: 'other-patient' } });
  }
  return summaries.length === 0 ? [] : [...(await heldInstances(x, ports, signal))];
}

type Confirmation = Work & { readonly arrived: readonly Arrived[]; readonly outcomes: Outcomes };

/** Asks until the PACS shows everything, or the tries are used up. */
async function confirm(x: LiveExchange, pack: Pack, work: Confirmation): Promise<RecordPayloads['CONFIRMED']> {
  const { outcomes, ports, signal } = work;
  const filed = outcomes.filter(({ status }) => status === 'filed');
  mustHaveFiled(outcomes);
  for (let tries = 1; ; tries++) {
    const missing = await missingFrom(x, filed, work);
    if (missing === 0) break;
    if (tries === CONFIRM_TRIES) {
      throw new TransferError('TRANSFER_NOT_CONFIRMED', { details: { count: missing, exchangeId: x.id } });
    }
    await ports.clock.sleep(CONFIRM_PAUSE_MS, { signal });
  }
  await readBackSample(x, pack, filed, work);
  return { evidence: 'query', instances: outcomes };
}

/** How many filed instances are not seen under the intended patient. */
async function missingFrom(x: LiveExchange, filed: Outcomes, { patient, ports, signal }: Work): Promise<number> {
  const summaries = await studiesOf(x, ports, signal);
  if (summaries.some((summary) => !samePatientId(summary.patient.patientId, patient.patientId))) {
    throw new TransferError('TRANSFER_STUDY_CONFLICT', { details: { reason: 'other-patient' } });
  }
  if (!summaries.some((summary) => isShownUnder(summary.patient, patient))) return filed.length;
  const held = await heldInstances(x, ports, signal);
  return filed.filter(({ sopInstanceUid }) => !held.has(sopInstanceUid)).length;
}

/** One instance of each kind is read back and compared: what the PACS lists it may still have lost or altered. */
async function readBackSample(x: LiveExchange, pack: Pack, filed: Outcomes, work: Confirmation): Promise<void> {
  const { ports, signal } = work;
  const storedAs = new Map(filed.map(({ rewritten, sopInstanceUid }) => [sopInstanceUid, rewritten?.to]));
  for (const one of sampleOf(filed, work)) {
    const syntax = storedAs.get(one.entry.sopInstanceUid) ?? one.entry.transferSyntaxUid;
    const retrieved = retrieveOne(x, one.entry, ports, signal);
    const comparing = ports.pacs.capabilities.preservesBytes
      ? sameBytes((await storable(x, pack, one, work, syntax)).dataSet({ signal }), retrieved, ports.crypto)
      : sameObject({ ...one, decoded: decodedFor(one, pack, work), pack }, retrieved, ports.crypto, signal);
    if (await comparing.catch(falseWhenUnreadable)) continue;
    const { sopInstanceUid } = one.entry;
    throw new TransferError('TRANSFER_NOT_CONFIRMED', {
      details: { exchangeId: x.id, reason: 'read-back-differs', sopInstanceUid },
    });
  }
}

/** What comes back as no data set is not what was stored. */
function falseWhenUnreadable(error: unknown): boolean {
  if (errorCodeOf(error)?.startsWith('DICOM_') === true) return false;
  throw error;
}

/** Of what was stored here, the middle one of each SOP class: an image proves nothing of the report beside it. */
function sampleOf(filed: Outcomes, { arrived, storing }: Confirmation): readonly Arrived[] {
  const alreadyHeld = new Set(storing.alreadyHeld);
  const stored = new Set(
    filed.map(({ sopInstanceUid }) => sopInstanceUid).filter((sopInstanceUid) => !alreadyHeld.has(sopInstanceUid)),
  );
  const candidates = arrived.filter(({ entry }) => stored.has(entry.sopInstanceUid));
  return [...Map.groupBy(candidates, ({ entry }) => entry.sopClassUid).values()]
    .map((ofClass) => ofClass[ofClass.length >> 1] as Arrived)
    .slice(0, MAX_SAMPLES);
}
