/** The profile of one PACS in use: asked for when it is needed, shared by all who ask, kept up with what is seen. */
import { join } from 'node:path';
import type { NewElement, Uid } from '@interhosp/core/dicom';
import { errorCodeOf } from '@interhosp/core/errors';
import type { PacsOptions } from '@interhosp/core/pacs';
import { untilAborted, type Clock, type Log } from '@interhosp/core/world';
import type { Association } from '../association/association.ts';
import type { Identifier } from '../query/identifier.ts';
import { learnAnswer } from './learn-answers.ts';
import { configurationDigest, readProfile, writeProfile, type PacsProfile } from './profile.ts';
import { probeServices, probeStorage, type ProbeOptions } from './profile-probe.ts';
import type { PeerAddress } from '../association/request-association.ts';
import type { RetrieveMethod } from '../retrieve/retrieve-by.ts';

/** How a profile is kept. */
export interface KnownPacsOptions {
  readonly peer: PeerAddress;
  readonly clock: Clock;
  readonly log: Log;
  readonly probe: ProbeOptions;
  /** Where the file is kept; in memory alone without. */
  readonly folder?: string | undefined;
  /** How long what was asked is believed. */
  readonly lifeMs: number;
  /** Transfer syntaxes asked about beside those of DICOM. */
  readonly privateSyntaxes?: readonly Uid[] | undefined;
}

const FILE_NAME = 'profile.json';

interface StorageQuestion {
  readonly classes: Set<Uid>;
  readonly answers: Promise<ReadonlyMap<Uid, readonly Uid[]>>;
}

/** See the file's head. */
export class KnownPacs {
  readonly #options: KnownPacsOptions;
  readonly #digest: string;
  #profile: PacsProfile | undefined;
  #hasReadFile = false;
  #asking: Promise<PacsProfile> | undefined;
  /** The question about SOP classes that is put now, and the next one, which can still be joined. */
  #asked: StorageQuestion | undefined;
  #next: StorageQuestion | undefined;
  /** They are put one after the other. */
  #askingStorage: Promise<unknown> = Promise.resolve();
  /** Ways of retrieval that turned out to be none, for as long as the rest is believed. */
  readonly #unfit = new Set<RetrieveMethod>();
  #writing: Promise<void> = Promise.resolve();

  constructor(options: KnownPacsOptions) {
    const { peer, privateSyntaxes = [] } = options;
    const { calledAe, callingAe, host, port, tls } = peer;
    this.#options = options;
    const transport = tls === undefined ? 'plain' : 'tls';
    // A syntax that was not asked about is none that the PACS does not take.
    this.#digest = configurationDigest([host, port, calledAe, callingAe, transport, ...privateSyntaxes]);
  }

  /** What is known already, without asking. */
  get known(): PacsProfile | undefined {
    const profile = this.#profile;
    return profile !== undefined && this.#isFresh(profile.askedMs) ? profile : undefined;
  }

  /** What is known; asks what is not. @throws {PacsError} when the PACS does not answer; the signal's reason. */
  async profile(options: PacsOptions = {}): Promise<PacsProfile> {
    options.signal?.throwIfAborted();
    await this.#readFile();
    const { known } = this;
    if (known !== undefined) return known;
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
    return await untilAborted(this.#asking, options.signal);
  }

  /** As `PacsDestination.acceptedSyntaxes`. @throws {PacsError} when the PACS must be asked and does not answer. */
  async acceptedSyntaxes(sopClassUid: Uid, options: PacsOptions = {}): Promise<readonly Uid[]> {
    await this.profile(options);
    const known = this.#taken(sopClassUid);
    if (known !== undefined) return known;
    const isAsked = this.#asked?.classes.has(sopClassUid) === true;
    const question = (isAsked ? this.#asked : this.#next) ?? this.#nextQuestion();
    question.classes.add(sopClassUid);
    const answers = await untilAborted(question.answers, options.signal);
    return answers.get(sopClassUid) ?? [];
  }

  /** An association was made: another implementation than the known one is another PACS. */
  saw({ agreement }: Association): void {
    this.#sawImplementation(agreement.peerImplementation);
  }

  /** An answer to a search came, whether or not it is what was asked for. */
  sawAnswer(answer: Identifier, keys: readonly NewElement[]): void {
    const { known } = this;
    const learned = known && learnAnswer(known, answer, keys);
    if (learned === undefined) return;
    for (const tag of learned.ignoredKeys ?? []) {
      // Its answers are sorted here, at the price of all the others that it sends.
      if (known?.ignoredKeys?.includes(tag) !== true) this.#options.log.write('warn', 'dimse.key.ignored', { tag });
    }
    this.#change(learned);
  }

  /** A count was compared with the list of instances. */
  sawCount(isRight: boolean): void {
    if (this.known?.counts === 'unknown') this.#change({ counts: isRight ? 'right' : 'wrong' });
  }

  /** A way of retrieval turned out to be none, whatever the profile says. It is tried again after a start. */
  sawUnfit(way: RetrieveMethod): void {
    this.#unfit.add(way);
  }

  /** Whether a way of retrieval turned out to be none. */
  isUnfit(way: RetrieveMethod): boolean {
    return this.#unfit.has(way);
  }

  /** Waits until what was learned is written. */
  async settled(): Promise<void> {
    await Promise.allSettled([this.#asking, this.#askingStorage]);
    await this.#writing;
  }

  async #ask(): Promise<PacsProfile> {
    const { clock, peer, probe } = this.#options;
    const services = await probeServices(peer, probe);
    this.#unfit.clear();
    this.#profile = { ...services, askedMs: clock.now(), counts: 'unknown', storage: {} };
    this.#write();
    return this.#profile;
  }

  /** Those that are asked for at the same moment, or while another question is put, share associations. */
  #nextQuestion(): StorageQuestion {
    const classes = new Set<Uid>();
    const answers = this.#askingStorage.then(async () => {
      this.#asked = this.#next;
      this.#next = undefined;
      return await this.#askStorage([...classes]).finally(() => (this.#asked = undefined));
    });
    this.#askingStorage = answers.catch(() => {});
    this.#next = { classes, answers };
    return this.#next;
  }

  async #askStorage(classes: readonly Uid[]): Promise<ReadonlyMap<Uid, readonly Uid[]>> {
    const { clock, peer, privateSyntaxes = [], probe } = this.#options;
    const { implementation, syntaxes } = await probeStorage(peer, classes, privateSyntaxes, probe);
    this.#sawImplementation(implementation);
    const askedMs = clock.now();
    const storage = Object.fromEntries([...syntaxes].map(([uid, taken]) => [uid, { askedMs, syntaxes: taken }]));
    this.#change({ storage: { ...this.#profile?.storage, ...storage } });
    return syntaxes;
  }

  #taken(sopClassUid: Uid): readonly Uid[] | undefined {
    const storage = this.#profile?.storage;
    const found = storage !== undefined && Object.hasOwn(storage, sopClassUid) ? storage[sopClassUid] : undefined;
    return found !== undefined && this.#isFresh(found.askedMs) ? found.syntaxes : undefined;
  }

  #isFresh(askedMs: number): boolean {
    const ageMs = this.#options.clock.now() - askedMs;
    // A clock that was set back makes nothing younger.
    return ageMs >= 0 && ageMs < this.#options.lifeMs;
  }

  #sawImplementation(implementation: string | undefined): void {
    if (this.#profile === undefined || this.#profile.implementation === implementation) return;
    this.#options.log.write('info', 'dimse.profile.outdated', {});
    this.#profile = { ...this.#profile, implementation, askedMs: Number.NEGATIVE_INFINITY, storage: {} };
  }

  #change(change: Partial<PacsProfile>): void {
    if (this.#profile === undefined) return;
    this.#profile = { ...this.#profile, ...change };
    this.#write();
  }

  async #readFile(): Promise<void> {
    const { folder } = this.#options;
    if (this.#hasReadFile || folder === undefined) return;
    const read = await readProfile(join(folder, FILE_NAME), this.#digest);
    if (!this.#hasReadFile) this.#profile ??= read;
    this.#hasReadFile = true;
  }

  /** One after the other; a file that cannot be written costs a few questions after the next start. */
  #write(): void {
    const { folder, log } = this.#options;
    if (folder === undefined) return;
    this.#writing = this.#writing.then(async () => {
      const profile = this.#profile;
      if (profile === undefined || !Number.isFinite(profile.askedMs)) return;
      try {
        await writeProfile(join(folder, FILE_NAME), this.#digest, profile);
      } catch (error) {
        log.write('warn', 'dimse.profile.unwritten', { code: errorCodeOf(error) ?? 'STORAGE_FAILED' });
      }
    });
  }
}
