/**
 * What a store answer says of each instance (PS3.18 10.5.3, annex I.2.2): those in Referenced SOP Sequence are stored, those
 * in Failed SOP Sequence are not, and of those in neither nothing is known, whatever the status of the answer.
 */
import type { Uid } from '@interhosp/core/dicom';
import type { StoreOutcome } from '@interhosp/core/pacs';
import { countOf, dataSetsOf, itemsOf, parseJson, readText, uidOf, type JsonDataSet } from './dicom-json.ts';
import type { HttpAnswer } from './http-client.ts';
import { parseNativeXml } from './native-xml.ts';

/** What became of an instance, without its UID. */
export type Verdict = Omit<StoreOutcome, 'sopInstanceUid'>;

const TAG = {
  referencedSopInstanceUid: '00081155',
  warningReason: '00081196',
  failureReason: '00081197',
  failedSopSequence: '00081198',
  referencedSopSequence: '00081199',
} as const;

const DUPLICATE = 0x0111;

/** Verdicts by SOP Instance UID; empty when the body is, or cannot be understood. */
export async function readStoreAnswer(answer: HttpAnswer, signal?: AbortSignal): Promise<ReadonlyMap<Uid, Verdict>> {
  try {
    return verdictsOf(await dataSetsIn(answer));
  } catch {
    signal?.throwIfAborted();
    // An answer that cannot be read leaves everything in doubt, which is what an empty one does.
    return new Map();
  }
}

async function dataSetsIn(answer: HttpAnswer): Promise<readonly JsonDataSet[]> {
  const text = (await readText(answer.body)).trim();
  if (text === '') return [];
  // Orthanc gives no media type with an error; the first character tells.
  return text.startsWith('<') ? [parseNativeXml(text)] : dataSetsOf(parseJson(text));
}

function verdictsOf(dataSets: readonly JsonDataSet[]): ReadonlyMap<Uid, Verdict> {
  const verdicts = new Map<Uid, Verdict>();
  for (const dataSet of dataSets) {
    for (const item of itemsOf(dataSet, TAG.referencedSopSequence)) {
      const uid = uidOf(item, TAG.referencedSopInstanceUid);
      if (uid !== undefined) verdicts.set(uid, storedVerdict(countOf(item, TAG.warningReason)));
    }
  }
  // Read last: what is in both lists is not called stored.
  for (const dataSet of dataSets) {
    for (const item of itemsOf(dataSet, TAG.failedSopSequence)) {
      const uid = uidOf(item, TAG.referencedSopInstanceUid);
      if (uid !== undefined) verdicts.set(uid, failedVerdict(countOf(item, TAG.failureReason)));
    }
  }
  return verdicts;
}

function storedVerdict(reason: number | undefined): Verdict {
  if (reason === undefined || reason === 0) return { status: 'stored' };
  return reason === DUPLICATE ? { status: 'duplicate', statusCode: reason } : { status: 'warned', statusCode: reason };
}

function failedVerdict(reason: number | undefined): Verdict {
  if (reason === DUPLICATE) return { status: 'duplicate', statusCode: reason };
  const retry = reason !== undefined && isTransient(reason) ? 'later' : 'no';
  return { status: 'refused', retry, ...(reason !== undefined && { statusCode: reason }) };
}

/** Out of resources (A7xx), and processing failure (0110), with which databases say that they were locked. */
function isTransient(reason: number): boolean {
  return reason >> 8 === 0xa7 || reason === 0x0110;
}
