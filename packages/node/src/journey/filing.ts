/**
 * Filing an arrival: look before storing, store what is missing under the local identity, and look again until the PACS is
 * seen to hold every instance under the intended patient, and has promised to keep it where it can be asked. A store status
 * alone is never believed.
 */
import type { Uid } from '@interhosp/core/dicom';
import { errorCodeOf, TransferError } from '@interhosp/core/errors';
import type { LocalPatient } from '@interhosp/core/study';
import type { RecordPayloads } from '@interhosp/core/transfer';
import type { Random } from '@interhosp/core/world';
import type { LiveExchange } from '../member/live-exchange.ts';
import type { Pack } from '../spool/index.ts';
import { crashpoint } from '../world/index.ts';
import { evidenceFor, type Seen } from './filing-commitment.ts';
import { heldInstances, mustBeNobodyElses, retrieveOne } from './filing-look.ts';
import {
  decodedFor,
  mustHaveFiled,
  storable,
  storeAll,
  type Arrived,
  type FilingPorts,
  type Outcomes,
} from './filing-store.ts';
import { isShownUnder } from './patient-match.ts';
import { sameBytes, sameObject } from './read-back.ts';

/** How often, and for how long, the PACS is asked before the confirmation counts as failed: some index late. */
const CONFIRM_TRIES = 10;
const CONFIRM_PAUSE_MS = 500;
/** Confirmations at which what is lost is stored again: some seconds, and some minutes, after the first. */
const STORE_LOST_AT: ReadonlySet<number> = new Set([3, 8]);
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
  const wasStored = x.state.has('STORED');
  crashpoint('C15', 'receiver');
  const storing = await x.step('STORING', async () => ({
    alreadyHeld: await lookBefore(x, patient, ports, signal),
    coercionTimeMs: ports.clock.now(),
    utcOffsetMinutes: ports.settings.utcOffsetMinutes,
  }));
  crashpoint('C16', 'receiver');
  const work = { arrived, patient, ports, sender, signal, storing };
  const { outcomes } = await x.step('STORED', async () => {
    // Each attempt asks anew: since the last one, somebody may have filed it under another patient.
    await mustBeNobodyElses(x, patient, ports, signal);
    const settled = await storeAll(x, pack, arrived, work);
    mustHaveFiled(settled);
    return { outcomes: settled };
  });
  crashpoint('C19', 'receiver');
  await x.step('CONFIRMED', async () => {
    const stored = { ...work, outcomes };
    return await confirm(x, pack, wasStored ? await storeLost(x, pack, stored) : stored);
  });
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
  const summaries = await mustBeNobodyElses(x, patient, ports, signal);
  return summaries.length === 0 ? [] : [...(await heldInstances(x, ports, signal)).keys()];
}

type Confirmation = Seen & { readonly outcomes: Outcomes };

/**
 * Success is told more often than the object stays: what a PACS took and does not show is stored again, byte for byte the
 * same. Seldom, since one that recycles its room would throw other studies out for each copy; then a person must look.
 */
async function storeLost(x: LiveExchange, pack: Pack, work: Confirmation): Promise<Confirmation> {
  const { arrived, outcomes, patient, ports, signal, storing } = work;
  const since = x.recorded('RELEASED') ?? storing;
  const before = confirmations.get(since) ?? { count: 1, storedAgain: 0 };
  const passes = { ...before, count: before.count + 1 };
  confirmations.set(since, passes);
  const seen = { ...work, storedAgain: before.storedAgain };
  if (!STORE_LOST_AT.has(passes.count)) return seen;
  await mustBeNobodyElses(x, patient, ports, signal);
  const held = await heldInstances(x, ports, signal);
  const filed = new Set(outcomes.flatMap(({ sopInstanceUid, status }) => (status === 'filed' ? [sopInstanceUid] : [])));
  const lost = arrived.filter(({ entry: { sopInstanceUid: uid } }) => filed.has(uid) && !held.has(uid));
  if (lost.length === 0) return seen;
  confirmations.set(since, { ...passes, storedAgain: passes.count });
  ports.log.write('warn', 'filing.stored-again', { count: lost.length, exchangeId: x.id });
  const again = new Map((await storeAll(x, pack, lost, work)).map((outcome) => [outcome.sopInstanceUid, outcome]));
  const settled = outcomes.map((outcome) => again.get(outcome.sopInstanceUid) ?? outcome);
  mustHaveFiled(settled);
  await x.record('STORED', { outcomes: settled });
  return { ...seen, outcomes: settled, storedAgain: passes.count };
}

/** How often a filing was confirmed, and at which time it stored something again. */
interface Confirmations {
  readonly count: number;
  readonly storedAgain: number;
}

/** Since a filing began, or was released; in memory, as a restart may be what mends it. */
const confirmations = new WeakMap<object, Confirmations>();

/** Asks until the PACS shows everything, or the tries are used up. */
async function confirm(x: LiveExchange, pack: Pack, work: Confirmation): Promise<RecordPayloads['CONFIRMED']> {
  const { outcomes, ports, signal } = work;
  const filed = outcomes.filter(({ status }) => status === 'filed');
  for (let tries = 1; ; tries++) {
    const missing = await missingFrom(x, filed, work);
    if (missing === 0) break;
    if (tries === CONFIRM_TRIES) {
      throw new TransferError('TRANSFER_NOT_CONFIRMED', { details: { count: missing, exchangeId: x.id } });
    }
    await ports.clock.sleep(CONFIRM_PAUSE_MS, { signal });
  }
  await readBackSample(x, pack, filed, work);
  return { evidence: await evidenceFor(x, filed, work), instances: outcomes };
}

/** How many filed instances are not seen under the intended patient, and in the series that they were sent in. */
async function missingFrom(x: LiveExchange, filed: Outcomes, work: Confirmation): Promise<number> {
  const { arrived, patient, ports, signal, storing } = work;
  const summaries = await mustBeNobodyElses(x, patient, ports, signal);
  if (!summaries.some((summary) => isShownUnder(summary.patient, patient))) return filed.length;
  const held = await heldInstances(x, ports, signal);
  const seriesOf = new Map(arrived.map(({ entry }) => [entry.sopInstanceUid, entry.seriesInstanceUid]));
  // Where what was there before stands is not ours to say.
  for (const uid of storing.alreadyHeld) if (held.has(uid)) seriesOf.set(uid, held.get(uid) as Uid);
  return filed.filter(({ sopInstanceUid: uid }) => !held.has(uid) || held.get(uid) !== seriesOf.get(uid)).length;
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
      : sameObject(
          { ...one, decoded: decodedFor(one, pack, work), pack, patient: work.patient },
          retrieved,
          ports.crypto,
          signal,
        );
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

/**
 * Of what was stored here, one of each SOP class: an image proves nothing of the report beside it. Which one is left to
 * chance, so that no place in a study is never looked at.
 */
function sampleOf(filed: Outcomes, { arrived, ports, storing }: Confirmation): readonly Arrived[] {
  const alreadyHeld = new Set(storing.alreadyHeld);
  const stored = new Set(
    filed.map(({ sopInstanceUid }) => sopInstanceUid).filter((sopInstanceUid) => !alreadyHeld.has(sopInstanceUid)),
  );
  const candidates = arrived.filter(({ entry }) => stored.has(entry.sopInstanceUid));
  return [...Map.groupBy(candidates, ({ entry }) => entry.sopClassUid).values()]
    .map((ofClass) => ofClass[below(ofClass.length, ports.random)] as Arrived)
    .slice(0, MAX_SAMPLES);
}

/** A whole number from 0 on, below the count. */
function below(count: number, random: Random): number {
  return Buffer.from(random.bytes(4)).readUInt32LE() % count;
}
