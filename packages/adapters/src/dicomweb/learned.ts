/**
 * What a service was seen to do. Some of it is asked once, with requests that change nothing and open no image (probe.ts),
 * the rest shows in ordinary use; all is remembered, so that a detour is made once and not with each request. What a
 * service lacks is forgotten after a while: services are mended, and updated.
 */
import type { Uid } from '@interhosp/core/dicom';
import type { Clock } from '@interhosp/core/world';

/** What is known of a DICOMweb service; `unknown` until it was seen. */
export interface DicomwebProfile {
  /** The form in which it answers searches. */
  readonly answers: 'json' | 'xml' | 'unknown';
  /** Whether it takes `includefield`, or refuses searches that have it. */
  readonly includeField: 'taken' | 'refused' | 'unknown';
  /** Whether it answers no more than `limit`, and from `offset` on. */
  readonly paging: 'honoured' | 'ignored' | 'unknown';
  /** What it makes of a key that it cannot know: it answers as if it were not there, refuses, or finds nothing. */
  readonly unknownKeys: 'ignored' | 'refused' | 'matched' | 'unknown';
  /** Whether `transfer-syntax=*` brings what is stored; `ignored` where another syntax came than the service itself lists. */
  readonly anyTransferSyntax: 'honoured' | 'ignored' | 'refused' | 'unknown';
  /** Whether it gives whole studies, or has no such service and gives instances alone. */
  readonly retrieval: 'study' | 'instance' | 'unknown';
  /** Whether it has a store service: `absent` where it has none, `refused` where it did not let us in. */
  readonly store: 'accepted' | 'refused' | 'absent' | 'unknown';
}

/** How long a lack is believed. */
export const LACK_LIFE_MS = 3_600_000;

const NOTHING: DicomwebProfile = {
  answers: 'unknown',
  includeField: 'unknown',
  paging: 'unknown',
  unknownKeys: 'unknown',
  anyTransferSyntax: 'unknown',
  retrieval: 'unknown',
  store: 'unknown',
};

const LACKS: ReadonlySet<string> = new Set(['xml', 'refused', 'absent', 'ignored', 'instance']);

/** Notes about one service. */
export class Learned {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #facts = new Map<keyof DicomwebProfile, { readonly value: string; readonly untilMs: number }>();
  /** SOP classes it refused as ones it does not take. */
  readonly #refusedClasses = new Map<Uid, number>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** What is known now. */
  get profile(): DicomwebProfile {
    const nowMs = this.#clock.monotonicMs();
    const known = [...this.#facts]
      .filter(([, { untilMs }]) => nowMs < untilMs)
      .map(([name, { value }]) => [name, value]);
    return { ...NOTHING, ...Object.fromEntries(known) };
  }

  /** Notes what was seen. */
  note<Name extends keyof DicomwebProfile>(name: Name, value: DicomwebProfile[Name]): void {
    const untilMs = LACKS.has(value) ? this.#clock.monotonicMs() + LACK_LIFE_MS : Number.POSITIVE_INFINITY;
    this.#facts.set(name, { value, untilMs });
  }

  /** Notes that instances of a SOP class are not taken, or that they are. */
  noteClass(sopClassUid: Uid, isTaken: boolean): void {
    if (isTaken) this.#refusedClasses.delete(sopClassUid);
    else this.#refusedClasses.set(sopClassUid, this.#clock.monotonicMs() + LACK_LIFE_MS);
  }

  /** Whether the service said, not long ago, that it does not take this SOP class. */
  refusesClass(sopClassUid: Uid): boolean {
    return this.#clock.monotonicMs() < (this.#refusedClasses.get(sopClassUid) ?? 0);
  }
}
