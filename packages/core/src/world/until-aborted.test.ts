import { describe, expect, it } from 'vitest';
import { untilAborted } from './until-aborted.ts';

describe('waiting for what others wait for too', () => {
  it('ends with what was waited for, or with its failure', async () => {
    const { signal } = new AbortController();
    for (const by of [undefined, signal]) {
      expect(await untilAborted(Promise.resolve(7), by)).toBe(7);
      await expect(untilAborted(Promise.reject(new Error('away')), by)).rejects.toThrow('away');
    }
  });

  it('ends for one alone, with the reason of its signal, also where that was given before', async () => {
    const { promise, resolve } = Promise.withResolvers<number>();
    const caller = new AbortController();
    const [one, other] = [untilAborted(promise, caller.signal), untilAborted(promise, undefined)];
    const reason = { kind: 'an emergency comes first' };
    caller.abort(reason);
    await expect(one).rejects.toBe(reason);
    await expect(untilAborted(promise, caller.signal)).rejects.toBe(reason);
    resolve(7);
    expect(await other).toBe(7);
  });

  it('leaves no failure behind that nobody sees', async () => {
    const unseen: unknown[] = [];
    const see = (error: unknown): void => void unseen.push(error);
    const process = (globalThis as unknown as { process: NodeJS.EventEmitter }).process;
    process.on('unhandledRejection', see);
    const { promise, reject } = Promise.withResolvers<number>();
    await expect(untilAborted(promise, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
    reject(new Error('late'));
    await new Promise((resolve) => setTimeout(resolve, 10));
    process.off('unhandledRejection', see);
    expect(unseen).toEqual([]);
  });
});
