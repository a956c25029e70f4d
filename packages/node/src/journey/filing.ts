/**
 * Filing an arrival: look before storing, store what is missing under the local identity, and look again until the PACS is
 * seen to hold every instance under the intended patient. A store status alone is never believed.
 */
import { coerceInstance, type CoercionPolicy } from '@interhosp/core/coercion';
import { spliceStream, type Uid } from '@interhosp/core/dicom';
import { isInterhospError, PacsError, TransferError, type ErrorCode } from '@interhosp/core/errors';
import type { Pacs, StorableInstance, StudySummary } from '@interhosp/core/pacs';
import type { InstanceEntry, LocalPatient, MemberId } from '@interhosp/core/study';
import type { RecordPayloads } from '@interhosp/core/transfer';
import type { Clock, Crypto, Log } from '@interhosp/core/world';
import { errorFields } from '../observe/logger.ts';
import type { LiveExchange } from '../member/live-exchange.ts';
import type { Pack } from '../spool/index.ts';
import { crashpoint } from '../world/index.ts';
import { isShownUnder, samePatientId } from './patient-match.ts';
import { samePixels, sameBytes } from './read-back.ts';

/** How a site files. */
export interface FilingSettings {
  readonly self: MemberId;
  readonly coercion: CoercionPolicy;
  readonly utcOffsetMinutes: number;
}

/** What filing needs. */
export interface FilingPorts {
  readonly pacs: Pacs;
  readonly settings: FilingSettings;
  readonly crypto: Crypto;
  readonly clock: Clock;
  readonly log: Log;
}

type Outcomes = RecordPayloads['STORED']['outcomes'];
type Outcome = Outcomes[number];

/** An instance of the pack, ready to be coerced. */
interface Arrived {
  readonly ordinal: number;
  readonly entry: InstanceEntry;
}

/** How often, and for how long, the PACS is asked before the confirmation counts as failed: some index late. */
const CONFIRM_TRIES = 10;
const CONFIRM_PAUSE_MS = 500;

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

interface Work {
  readonly sender: MemberId;
  readonly patient: LocalPatient;
  readonly ports: FilingPorts;
  readonly signal: AbortSignal;
  readonly storing: RecordPayloads['STORING'];
}

/** Stores every instance that is not there yet. @throws {PacsError} `PACS_BUSY` when some may go in on another try. */
async function storeAll(x: LiveExchange, pack: Pack, arrived: readonly Arrived[], work: Work): Promise<Outcomes> {
  const { ports, signal, storing } = work;
  const outcomes = new Map<Uid, Outcome>();
  const heldNow = await heldInstances(x, ports, signal);
  const heldBefore = new Set(storing.alreadyHeld);
  const missing: Arrived[] = [];
  for (const one of arrived) {
    const { sopInstanceUid } = one.entry;
    if (!heldNow.has(sopInstanceUid)) missing.push(one);
    else if (heldBefore.has(sopInstanceUid))
      outcomes.set(sopInstanceUid, await compareHeld(x, pack, one, ports, signal));
    else outcomes.set(sopInstanceUid, { sopInstanceUid, status: 'filed' });
  }
  const quarantined = (entry: InstanceEntry, code: ErrorCode) =>
    outcomes.set(entry.sopInstanceUid, { code, sopInstanceUid: entry.sopInstanceUid, status: 'quarantined' });
  let uncertain = 0;
  for await (const { retry, sopInstanceUid, status, statusCode } of ports.pacs.store(
    coerced(pack, missing, work, quarantined),
    { signal },
  )) {
    crashpoint('C17', 'receiver');
    if (status === 'unknown' || (status === 'refused' && retry === 'later')) uncertain++;
    else if (status === 'refused')
      outcomes.set(sopInstanceUid, { code: 'PACS_INSTANCE_REFUSED', sopInstanceUid, status: 'quarantined' });
    // A duplicate appeared since we looked: whose it is, the confirmation sees.
    else outcomes.set(sopInstanceUid, { sopInstanceUid, status: 'filed' });
    if (status === 'refused')
      ports.log.write('warn', 'filing.instance.refused', { exchangeId: x.id, sopInstanceUid, status: statusCode ?? 0 });
    crashpoint('C18', 'receiver');
  }
  if (uncertain > 0 || outcomes.size < arrived.length) {
    throw new PacsError('PACS_BUSY', { details: { count: arrived.length - outcomes.size, exchangeId: x.id } });
  }
  return arrived.map(({ entry }) => outcomes.get(entry.sopInstanceUid) as Outcome);
}

/** The same UID is in the PACS from elsewhere. Same pixels: it is the same image. Other pixels: the first stays, ours waits. */
async function compareHeld(
  x: LiveExchange,
  pack: Pack,
  one: Arrived,
  ports: FilingPorts,
  signal: AbortSignal,
): Promise<Outcome> {
  const { sopInstanceUid } = one.entry;
  const isSame = await samePixels({ ...one, pack }, retrieveOne(x, one.entry, ports, signal), ports.crypto, signal);
  return isSame
    ? { sopInstanceUid, status: 'filed' }
    : { code: 'TRANSFER_STUDY_CONFLICT', sopInstanceUid, status: 'quarantined' };
}

async function* coerced(
  pack: Pack,
  missing: readonly Arrived[],
  work: Work,
  quarantined: (entry: InstanceEntry, code: ErrorCode) => void,
): AsyncGenerator<StorableInstance> {
  for (const one of missing) {
    try {
      yield await storable(pack, one, work);
    } catch (error) {
      work.signal.throwIfAborted();
      // One instance that cannot be coerced waits alone; the rest of the study goes on.
      if (!isInterhospError(error) || error.retry !== 'no') throw error;
      work.ports.log.write('warn', 'filing.instance.quarantined', {
        ...errorFields(error),
        sopInstanceUid: one.entry.sopInstanceUid,
      });
      quarantined(one.entry, error.code);
    }
  }
}

async function storable(
  pack: Pack,
  { entry, ordinal }: Arrived,
  { patient, ports, sender, signal, storing }: Work,
): Promise<StorableInstance> {
  const { coercion, self } = ports.settings;
  const source = pack.source(ordinal);
  const time = { epochMs: storing.coercionTimeMs, utcOffsetMinutes: storing.utcOffsetMinutes };
  const input = { patient, policy: coercion, receiver: self, sender, time };
  // The whole data set was walked when it was cut at the source, and its digest was checked on arrival.
  const { plan } = await coerceInstance(source, entry.transferSyntaxUid, input, { checkToEnd: false, signal });
  const { seriesInstanceUid, sopClassUid, sopInstanceUid, studyInstanceUid, transferSyntaxUid } = entry;
  return {
    dataSet: (options) => spliceStream(plan, source, options),
    lengthBytes: plan.lengthBytes,
    seriesInstanceUid,
    sopClassUid,
    sopInstanceUid,
    studyInstanceUid,
    transferSyntaxUid,
  };
}

type Confirmation = Work & { readonly arrived: readonly Arrived[]; readonly outcomes: Outcomes };

/** Asks until the PACS shows everything, or the tries are used up. */
async function confirm(x: LiveExchange, pack: Pack, work: Confirmation): Promise<RecordPayloads['CONFIRMED']> {
  const { outcomes, ports, signal } = work;
  const filed = outcomes.filter(({ status }) => status === 'filed');
  if (filed.length === 0) {
    throw new TransferError('TRANSFER_STUDY_CONFLICT', {
      details: { count: outcomes.length, reason: outcomes[0]?.code ?? 'empty' },
    });
  }
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

/** One instance is read back and compared: what the PACS lists it may still have lost or altered. */
async function readBackSample(x: LiveExchange, pack: Pack, filed: Outcomes, work: Confirmation): Promise<void> {
  const { arrived, ports, signal, storing } = work;
  const stored = filed.filter(({ sopInstanceUid }) => !storing.alreadyHeld.includes(sopInstanceUid));
  const sample = stored[Math.floor(stored.length / 2)];
  const one = arrived.find(({ entry }) => entry.sopInstanceUid === sample?.sopInstanceUid);
  if (one === undefined) return;
  const retrieved = retrieveOne(x, one.entry, ports, signal);
  const isSame = ports.pacs.capabilities.preservesBytes
    ? await sameBytes((await storable(pack, one, work)).dataSet({ signal }), retrieved, ports.crypto)
    : await samePixels({ ...one, pack }, retrieved, ports.crypto, signal);
  if (!isSame) {
    throw new TransferError('TRANSFER_NOT_CONFIRMED', { details: { exchangeId: x.id, reason: 'read-back-differs' } });
  }
}

function retrieveOne(
  x: LiveExchange,
  { seriesInstanceUid, sopClassUid, sopInstanceUid }: InstanceEntry,
  { pacs }: FilingPorts,
  signal: AbortSignal,
) {
  return pacs.retrieve(x.facts.studyInstanceUid, {
    instances: [{ seriesInstanceUid, sopClassUid, sopInstanceUid }],
    signal,
  });
}

async function studiesOf(
  x: LiveExchange,
  { pacs }: FilingPorts,
  signal: AbortSignal,
): Promise<readonly StudySummary[]> {
  const found: StudySummary[] = [];
  for await (const summary of pacs.findStudies({ studyInstanceUid: x.facts.studyInstanceUid }, { signal }))
    found.push(summary);
  return found;
}

async function heldInstances(x: LiveExchange, { pacs }: FilingPorts, signal: AbortSignal): Promise<ReadonlySet<Uid>> {
  const held = new Set<Uid>();
  for await (const { sopInstanceUid } of pacs.findInstances(x.facts.studyInstanceUid, { signal }))
    held.add(sopInstanceUid);
  return held;
}
