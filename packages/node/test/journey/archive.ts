/**
 * A PACS of many studies for the tests of discovery: it lists by date, counts what it is asked, pushes, limits its answers,
 * and gives one small header for each study. Objects are made when they are asked for; nothing of it is on disk.
 */
import { generateStudy } from '@interhosp/core/conformance';
import type { Uid } from '@interhosp/core/dicom';
import { PacsError } from '@interhosp/core/errors';
import {
  type InstanceSummary,
  type OrderStatus,
  type PacsOptions,
  type PacsSource,
  type RetrievedInstance,
  type StudyQuery,
  type StudySummary,
} from '@interhosp/core/pacs';

const [TEMPLATE] = generateStudy({ instances: 1, pixels: 8, seed: 'archive' }).instances;
if (TEMPLATE === undefined) throw new Error('one was generated');
const TEMPLATE_BYTES = Buffer.from(TEMPLATE.dataSet);
const UID_AT = TEMPLATE_BYTES.indexOf(TEMPLATE.studyInstanceUid);

/** The UID of the study of a number, as long as any other. */
export function uidOf(number: number): Uid {
  return `2.25.1${String(number).padStart(TEMPLATE_UID_LENGTH - 6, '0')}` as Uid;
}

const TEMPLATE_UID_LENGTH = TEMPLATE.studyInstanceUid.length;

/** One study of the archive. */
export interface ArchivedStudy {
  instances: number;
  readonly studyDate?: string;
  readonly modalities?: readonly string[];
  /** Patient IDs it is listed under; default one. */
  readonly patientIds?: readonly string[];
}

/** What an archive was asked. */
export interface Asked {
  /** Searches for studies by date, and answers to them. */
  byDate: number;
  answers: number;
  byUid: number;
  counts: number;
  headers: number;
}

/** The archive; a source for discovery. */
export class Archive implements PacsSource {
  readonly asked: Asked = { answers: 0, byDate: 0, byUid: 0, counts: 0, headers: 0 };
  readonly queries: StudyQuery[] = [];
  /** More answers than this are refused, after that many. */
  limit = Number.POSITIVE_INFINITY;
  isDown = false;
  /** Whether Number of Study Related Instances is returned. */
  tellsCounts = true;
  order: OrderStatus = 'unknown';
  readonly #studies = new Map<Uid, StudySummary[]>();
  readonly #byDate = new Map<string | undefined, Map<Uid, StudySummary[]>>();
  readonly #listeners = new Set<(uid: Uid) => void>();

  get size(): number {
    return this.#studies.size;
  }

  put(number: number, { instances, modalities = ['CT'], patientIds = ['P'], studyDate }: ArchivedStudy): Uid {
    const uid = uidOf(number);
    this.delete(number);
    const summaries = patientIds.map((id) => {
      const patient = { patientId: { id } };
      const header = { modalities, patient, studyInstanceUid: uid, ...(studyDate !== undefined && { studyDate }) };
      return { header, instances, patient, studyInstanceUid: uid };
    });
    this.#studies.set(uid, summaries);
    const day = this.#byDate.get(studyDate) ?? new Map<Uid, StudySummary[]>();
    this.#byDate.set(studyDate, day.set(uid, summaries));
    return uid;
  }

  delete(number: number): void {
    const uid = uidOf(number);
    this.#byDate.get(this.#studies.get(uid)?.[0]?.header.studyDate)?.delete(uid);
    this.#studies.delete(uid);
  }

  /** Tells everyone who listens that something changed. */
  push(number: number): void {
    for (const listener of this.#listeners) listener(uidOf(number));
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  async *findStudies(query: StudyQuery, _options?: PacsOptions): AsyncGenerator<StudySummary> {
    if (this.isDown) throw new PacsError('PACS_UNREACHABLE');
    const { studyInstanceUid } = query;
    this.queries.push(query);
    if (studyInstanceUid !== undefined) {
      this.asked.byUid++;
      for (const summary of this.#studies.get(studyInstanceUid) ?? []) yield this.#shown(summary);
      return;
    }
    this.asked.byDate++;
    let answers = 0;
    for (const summary of this.#inRange(query)) {
      if (++answers > this.limit) throw new PacsError('PACS_TOO_MANY');
      this.asked.answers++;
      yield this.#shown(summary);
    }
  }

  *#inRange({ studyDateFrom, studyDateTo }: StudyQuery): Generator<StudySummary> {
    const isEvery = studyDateFrom === undefined && studyDateTo === undefined;
    for (const [date, studies] of this.#byDate) {
      if (!isEvery && (date === undefined || date < (studyDateFrom ?? '') || date > (studyDateTo ?? '9'))) continue;
      for (const summaries of studies.values()) yield* summaries;
    }
  }

  #shown(summary: StudySummary): StudySummary {
    if (this.tellsCounts) return summary;
    const { instances: _, ...rest } = summary;
    return rest;
  }

  async *findInstances(studyInstanceUid: Uid): AsyncGenerator<InstanceSummary> {
    this.asked.counts++;
    const count = this.#studies.get(studyInstanceUid)?.[0]?.instances ?? 0;
    const { seriesInstanceUid, sopInstanceUid } = TEMPLATE as NonNullable<typeof TEMPLATE>;
    for (let index = 0; index < count; index++) yield { seriesInstanceUid, sopInstanceUid };
  }

  async *retrieve(studyInstanceUid: Uid): AsyncGenerator<RetrievedInstance> {
    this.asked.headers++;
    const dataSet = Buffer.from(TEMPLATE_BYTES);
    dataSet.write(studyInstanceUid, UID_AT);
    const { transferSyntaxUid } = TEMPLATE as NonNullable<typeof TEMPLATE>;
    yield { dataSet: oneOf(dataSet), transferSyntaxUid };
  }

  async *changes({ signal }: PacsOptions): AsyncGenerator<Uid> {
    const waiting: Uid[] = [];
    let wake = () => {};
    const listener = (uid: Uid) => {
      waiting.push(uid);
      wake();
    };
    const ended = () => wake();
    this.#listeners.add(listener);
    signal?.addEventListener('abort', ended, { once: true });
    try {
      for (;;) {
        yield* waiting.splice(0);
        signal?.throwIfAborted();
        await new Promise<void>((resolve) => (wake = resolve));
        if (this.isDown) throw new PacsError('PACS_UNREACHABLE');
      }
    } finally {
      this.#listeners.delete(listener);
    }
  }

  orderStatus(): Promise<OrderStatus> {
    return Promise.resolve(this.order);
  }
}

async function* oneOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
