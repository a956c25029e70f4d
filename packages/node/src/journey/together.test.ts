import { describe, expect, it } from 'vitest';
import { createMailbox } from './mailbox.ts';
import { together } from './together.ts';

const forever = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

describe('together', () => {
  it('returns what each returned', async () => {
    const results = await together(
      new AbortController().signal,
      async () => 1,
      async () => 'two',
    );
    expect(results).toEqual([1, 'two']);
  });

  it('stops the others when one fails, and throws the first reason', async () => {
    let isStopped = false;
    const other = (signal: AbortSignal) => forever(signal).finally(() => (isStopped = true));
    const run = together(new AbortController().signal, () => Promise.reject(new Error('first')), other);
    await expect(run).rejects.toThrow('first');
    expect(isStopped).toBe(true);
  });

  it('throws the reason of the outer signal, and leaves no listener on it', async () => {
    const stop = new AbortController();
    const run = together(stop.signal, forever);
    stop.abort(new Error('stopped'));
    await expect(run).rejects.toThrow('stopped');
  });
});

describe('mailbox', () => {
  it('gives items in order and lets a writer wait until its own is taken', async () => {
    const box = createMailbox<number>();
    let isTaken = false;
    void box.put(1);
    const second = box.put(2).then(() => (isTaken = true));
    expect(await box.take()).toBe(1);
    expect(isTaken).toBe(false);
    expect(await box.take()).toBe(2);
    await second;
    expect(isTaken).toBe(true);
  });

  it('is read to its end after it was closed', async () => {
    const box = createMailbox<number>();
    void box.put(1);
    box.close();
    await box.put(2);
    expect([await box.take(), await box.take()]).toEqual([1, undefined]);
  });
});
