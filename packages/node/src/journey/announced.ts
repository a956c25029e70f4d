/**
 * What is announced is looked at before its bytes travel. Where a PACS takes nothing of a study, the study is held at once,
 * here and at its sender, and nothing was sent in vain. Where it takes some of it, all travels: what is not taken waits here
 * by itself, with its bytes, and goes on when a person has changed the PACS or the policy. Which of the two it is, is known
 * when one can be filed, or when everything is announced. A sender that would wait before that is asked for everything: it
 * is better to send in vain than to keep at home what could be filed.
 */
import type { SyntaxChoice } from '@interhosp/core/pixels';
import { APPEND_AHEAD } from '@interhosp/core/transfer';
import type { Log } from '@interhosp/core/world';
import { errorFields } from '../observe/logger.ts';
import { refusal, type InstanceKind } from './filing-syntax.ts';

/** So many instances that cannot be filed are withheld: one more, and a sender would announce nothing until one is asked for. */
const MOST_WITHHELD = APPEND_AHEAD - 1;

/** How instances are looked at. */
export interface AnnouncedOptions {
  /** @throws whatever a PACS that does not answer throws: then a store will tell. */
  readonly choose: (kind: InstanceKind) => Promise<SyntaxChoice>;
  readonly log: Log;
}

/** The instances of one stream. */
export class Announced {
  readonly #options: AnnouncedOptions;
  readonly #withheld: number[] = [];
  /** One of them can be filed, or may be, or too many are withheld. */
  #isOpen = false;
  #first: Error | undefined;

  constructor(options: AnnouncedOptions) {
    this.#options = options;
  }

  /**
   * Looks at one, and says which are to be sent now: it may be none, or those that were withheld before as well.
   */
  async add(ordinal: number, kind: InstanceKind): Promise<readonly number[]> {
    if (this.#isOpen) return [ordinal];
    const choice = await this.#choose(kind);
    if (choice?.kind === 'refused') {
      this.#first ??= refusal(choice.code, kind);
      this.#withheld.push(ordinal);
      if (this.#withheld.length < MOST_WITHHELD) return [];
    } else this.#withheld.push(ordinal);
    this.#isOpen = true;
    return this.#withheld.splice(0);
  }

  /**
   * Nothing more is announced.
   *
   * @throws {PacsError} `PACS_SYNTAX_REFUSED`, `PACS_CLASS_REFUSED` when nothing of the study can be filed.
   */
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
