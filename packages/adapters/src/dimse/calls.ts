/** Calls that are under way: each has a signal of its own, so that stopping ends all of them and leaves nothing behind. */
import type { PacsOptions } from '@interhosp/core/pacs';

/** A call. Disposed of when it is over. */
export interface Call extends Disposable {
  /** Aborted with the caller's reason, or when everything stops. */
  readonly signal: AbortSignal;
}

/** See the file's head. */
export class Calls {
  readonly #underWay = new Set<AbortController>();

  /** Begins a call. @throws the signal's reason */
  begin({ signal }: PacsOptions): Call {
    signal?.throwIfAborted();
    const controller = new AbortController();
    const onAbort = (): void => controller.abort(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    this.#underWay.add(controller);
    return {
      signal: controller.signal,
      [Symbol.dispose]: () => {
        signal?.removeEventListener('abort', onAbort);
        this.#underWay.delete(controller);
      },
    };
  }

  /** Ends every call that is under way. */
  abort(reason: unknown): void {
    for (const controller of this.#underWay) controller.abort(reason);
  }
}
