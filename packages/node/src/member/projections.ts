/**
 * What the journal says now, as lists in the store: every exchange in a line, and what waits for a person. Made from the
 * clear parts of records alone, so that lists stay when the keys of old exchanges are erased.
 */
import type { RecordType } from '@interhosp/core/transfer';
import type { JournalEntry } from '../journal/index.ts';
import { storeKey, type Projection } from '../store/index.ts';

/** One exchange as the store lists it. */
export interface ListedJob {
  readonly exchangeId: string;
  readonly role: string;
  readonly peer: string;
  readonly studyInstanceUid: string;
  readonly priority: string;
  readonly purpose: string;
  readonly state: string;
  readonly patientState?: string;
  readonly startedAt: string;
  readonly updatedAt: string;
}

const FIRST: ReadonlySet<string> = new Set<RecordType>(['DISCOVERED', 'OFFER_SEEN']);
const PATIENT: ReadonlySet<string> = new Set<RecordType>([
  'RECONCILING',
  'REVIEW',
  'AWAITING_PATIENT',
  'PROVISIONAL',
  'LINKED',
]);
const NOTES: ReadonlySet<string> = new Set<RecordType>(['DECIDED', 'QUARANTINE', 'RELEASED', 'RETRY_WAIT']);
const WAITS: ReadonlySet<string> = new Set<RecordType>(['REVIEW', 'AWAITING_PATIENT', 'HELD']);

/** `job!<exchangeId>`: a {@link ListedJob}. */
export const jobsProjection: Projection = {
  apply: async (entry, batch) => {
    const exchangeId = exchangeOf(entry);
    if (exchangeId === undefined) return;
    const key = storeKey('job', exchangeId);
    const job = FIRST.has(entry.type) ? jobOf(entry, exchangeId) : ((await batch.get(key)) as ListedJob | undefined);
    if (job === undefined) return;
    batch.put(key, { ...job, ...movedBy(entry), updatedAt: entry.at });
  },
  name: 'jobs',
  version: 1,
};

/** `work!<exchangeId>`: since when a person is waited for, and why. */
export const worklistProjection: Projection = {
  apply: (entry, batch) => {
    const exchangeId = exchangeOf(entry);
    if (exchangeId === undefined) return;
    const key = storeKey('work', exchangeId);
    if (WAITS.has(entry.type)) batch.put(key, { exchangeId, since: entry.at, state: entry.type });
    else if (ends(entry.type)) batch.delete(key);
  },
  name: 'worklist',
  version: 1,
};

/** Every projection of the member. */
export const PROJECTIONS: readonly Projection[] = [jobsProjection, worklistProjection];

function exchangeOf({ exchange, ids }: JournalEntry): string | undefined {
  return exchange ?? ids.exchangeId;
}

function jobOf({ at, ids }: JournalEntry, exchangeId: string): Omit<ListedJob, 'state' | 'updatedAt'> {
  const { kind = '', member = '', priority = '', role = '', studyInstanceUid = '' } = ids;
  return { exchangeId, peer: member, priority, purpose: kind, role, startedAt: at, studyInstanceUid };
}

function movedBy({ type }: JournalEntry): Partial<ListedJob> {
  if (PATIENT.has(type)) return { patientState: type };
  return NOTES.has(type) ? {} : { state: type };
}

/** What a person was waited for is over: they decided, or it ended otherwise. */
function ends(type: string): boolean {
  return ['CANCELLED', 'CLOSED', 'DECIDED', 'EXPIRED', 'LINKED', 'RELEASED'].includes(type);
}
