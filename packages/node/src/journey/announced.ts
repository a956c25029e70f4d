/**
 * What is announced is looked at before its bytes travel. Where a PACS takes nothing of a study, the study is held at once,
 * here and at its sender, and nothing was sent in vain. Where it takes some of it, all travels: what is not taken waits here
 * by itself, with its bytes, and goes on when a person has changed the PACS or the policy.
 */
import type { SyntaxChoice } from '@interhosp/core/pixels';
import type { Log } from '@interhosp/core/world';
import { errorFields } from '../observe/logger.ts';
import { refusal, type InstanceKind } from './filing-syntax.ts';

/** So many instances that cannot be filed are looked at; a sender announces a few hundred ahead of their bytes. */
const MOST_WITHHELD = 64;

/** How instances are looked at. */
export interface AnnouncedOptions {
  /** @throws whatever a PACS that does not answer throws: then a store will tell. */
  readonly choose: (kind: InstanceKind) => Promise<SyntaxChoice>;
  readonly log: Log;
  /** How many the sender says that there are. */
  readonly expectedInstances?: number;
}

/** The instances of one stream. */
export class Announced {
  readonly #options: AnnouncedOptions;
  readonly #withheld: number[] = [];
  /** One of them can be filed, or may be. */
  #isOpen = false;
  #first: Error | undefined;

  constructor(options: AnnouncedOptions) {
    this.#options = options;
  }

  /**
   * Looks at one, and says which are to be sent now: it may be none, or those that were withheld before as well.
   *
   * @throws {PacsError} `PACS_SYNTAX_REFUSED`, `PACS_CLASS_REFUSED` when nothing of the study can be filed.
   */
  async add(ordinal: number, kind: InstanceKind): Promise<readonly number[]> {
    if (this.#isOpen) return [ordinal];
    const choice = await this.#choose(kind);
    if (choice?.kind !== 'refused') {
      this.#isOpen = true;
      return [...this.#withheld.splice(0), ordinal];
    }
    this.#first ??= refusal(choice.code, kind);
    this.#withheld.push(ordinal);
    const { expectedInstances = Number.POSITIVE_INFINITY } = this.#options;
    if (this.#withheld.length >= Math.min(MOST_WITHHELD, expectedInstances)) throw this.#first;
    return [];
  }

  /** Nothing more is announced. @throws {PacsError} as {@link add} */
  end(): void {
    if (!this.#isOpen && this.#first !== undefined) throw this.#first;
  }

  /** Undefined when the PACS does not say. */
  async #choose(kind: InstanceKind): Promise<SyntaxChoice | undefined> {
    try {
      return await this.#options.choose(kind);
    } catch (error) {
      this.#options.log.write('warn', 'receive.syntaxes.unknown', errorFields(error));
      return undefined;
    }
  }
}
