/** What an inbox holds: by study and patient for searches, by SOP Instance UID for duplicates, by bytes for the quota. */
import type { Uid } from '@interhosp/core/dicom';
import { createStudyIndex, type StudyQuery, type StudySummary } from '@interhosp/core/pacs';
import type { HeldInstance } from './held-object.ts';

interface StudyTotals {
  bytes: number;
  instances: number;
  /** When its last instance came, or came again. */
  lastMs: number;
}

/** See the file's head. A SOP Instance UID is held once. */
export class HeldIndex {
  readonly #studies = createStudyIndex<HeldInstance>();
  readonly #byUid = new Map<Uid, HeldInstance>();
  readonly #totals = new Map<Uid, StudyTotals>();

  get size(): number {
    return this.#byUid.size;
  }

  withUid(sopInstanceUid: Uid): HeldInstance | undefined {
    return this.#byUid.get(sopInstanceUid);
  }

  studies(query: StudyQuery): readonly StudySummary[] {
    return this.#studies.studies(query);
  }

  instances(studyInstanceUid: Uid): readonly HeldInstance[] {
    return this.#studies.instances(studyInstanceUid);
  }

  /** Bytes of data sets of a study. */
  bytesOf(studyInstanceUid: Uid): number {
    return this.#totals.get(studyInstanceUid)?.bytes ?? 0;
  }

  /** Studies of which nothing has come since a moment. */
  quietSince(beforeMs: number): readonly Uid[] {
    return [...this.#totals.keys()].filter((studyInstanceUid) => this.isQuietSince(studyInstanceUid, beforeMs));
  }

  /** Whether a study is held, and nothing of it has come since a moment. */
  isQuietSince(studyInstanceUid: Uid, beforeMs: number): boolean {
    const totals = this.#totals.get(studyInstanceUid);
    return totals !== undefined && totals.lastMs < beforeMs;
  }

  add(instance: HeldInstance): void {
    if (this.#byUid.has(instance.sopInstanceUid)) throw new Error('an instance is held once');
    this.#byUid.set(instance.sopInstanceUid, instance);
    this.#studies.add(instance);
    const totals = this.#totals.get(instance.studyInstanceUid) ?? { bytes: 0, instances: 0, lastMs: 0 };
    totals.bytes += instance.lengthBytes;
    totals.instances++;
    totals.lastMs = Math.max(totals.lastMs, instance.receivedMs);
    this.#totals.set(instance.studyInstanceUid, totals);
  }

  /** Something of a study came again. */
  renew(studyInstanceUid: Uid, nowMs: number): void {
    const totals = this.#totals.get(studyInstanceUid);
    if (totals !== undefined) totals.lastMs = Math.max(totals.lastMs, nowMs);
  }

  /** Removing what is not there is fine. */
  remove(instance: HeldInstance): void {
    if (!this.#byUid.delete(instance.sopInstanceUid)) return;
    this.#studies.remove(instance);
    const totals = this.#totals.get(instance.studyInstanceUid);
    if (totals === undefined) return;
    totals.bytes -= instance.lengthBytes;
    totals.instances--;
    if (totals.instances === 0) this.#totals.delete(instance.studyInstanceUid);
  }
}
