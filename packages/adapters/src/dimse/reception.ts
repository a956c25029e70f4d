/**
 * What comes to us: the instances of our C-MOVEs, those that somebody pushes, and reports of storage commitment, behind one
 * listener and for those alone who may call.
 */
import type { Uid } from '@interhosp/core/dicom';
import { ConfigError } from '@interhosp/core/errors';
import type { Clock, Log } from '@interhosp/core/world';
import type { AeTitle } from './association/ae-title.ts';
import type { CommitmentScu } from './commitment/commitment-scu.ts';
import { commitmentService } from './commitment/commitment-service.ts';
import type { Listener } from './association/listener.ts';
import { MoveDesk } from './retrieve/move-desk.ts';
import type { ListenOptions } from './pacs-options.ts';
import { openDimseServer } from './server/service.ts';
import { storageService } from './store/storage-service.ts';
import { openStoreInbox, type StoreInbox, type StoreInboxOptions } from './pushed/store-inbox.ts';
import { verificationService } from './server/verification-service.ts';

/** How it is made. */
export interface ReceptionOptions {
  readonly listen: ListenOptions;
  /** Under which we are called. */
  readonly aeTitle: AeTitle;
  readonly clock: Clock;
  readonly log: Log;
  readonly inbox?: Omit<StoreInboxOptions, 'clock' | 'log'>;
  readonly privateClasses?: readonly Uid[];
  readonly privateSyntaxes?: readonly Uid[];
  readonly storageSyntaxes?: readonly Uid[];
}

/** See the file's head. */
export class Reception {
  /** Where moves arrive. */
  readonly desk = new MoveDesk();
  readonly #options: ReceptionOptions;
  #inbox: StoreInbox | undefined;
  #listener: Listener | undefined;
  #starting: Promise<void> | undefined;

  constructor(options: ReceptionOptions) {
    this.#options = options;
  }

  get inbox(): StoreInbox | undefined {
    return this.#inbox;
  }

  get port(): number | undefined {
    return this.#listener?.port;
  }

  /**
   * Calling it twice is fine.
   *
   * @param commitment - Whose questions are answered by reports that come here.
   * @throws {ConfigError} `CONFIG_INVALID` when the address cannot be had
   */
  async start(commitment?: CommitmentScu): Promise<void> {
    this.#starting ??= this.#start(commitment);
    try {
      await this.#starting;
    } catch (error) {
      this.#starting = undefined;
      throw error;
    }
  }

  /** Calling it twice is fine. */
  async stop(): Promise<void> {
    await this.#starting?.catch(() => {});
    this.#starting = undefined;
    await this.#listener?.stop();
    this.#listener = undefined;
    await this.#inbox?.stop();
    this.#inbox = undefined;
  }

  async #start(commitment: CommitmentScu | undefined): Promise<void> {
    const { aeTitle, clock, inbox, listen, log, privateClasses, privateSyntaxes, storageSyntaxes } = this.#options;
    if (inbox !== undefined) this.#inbox = await openStoreInbox({ ...inbox, clock, log });
    try {
      this.#listener = await openDimseServer({
        ...listen,
        aeTitles: [aeTitle],
        services: [
          verificationService,
          storageService({
            take: this.desk.before(this.#inbox?.take),
            privateClasses,
            privateSyntaxes,
            syntaxes: storageSyntaxes,
          }),
          // Only reports: what lies in the inbox goes after a while, and is promised to nobody.
          ...(commitment === undefined ? [] : [commitmentService({ scu: commitment })]),
        ],
        log,
      });
    } catch (cause) {
      await this.#inbox?.stop();
      this.#inbox = undefined;
      throw new ConfigError('CONFIG_INVALID', { cause, details: { field: 'listen', port: listen.port } });
    }
  }
}
