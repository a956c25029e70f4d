import type { SenderEvent } from '@interhosp/core/transfer';
import { describe, expect, it } from 'vitest';
import { createAnnouncements } from './announcements.ts';

const instance = (ordinal: number) => ({ ordinal, type: 'instance' }) as SenderEvent;
const SEAL = { type: 'sealed' } as SenderEvent;

async function all(events: AsyncIterable<SenderEvent>): Promise<readonly SenderEvent[]> {
  const read: SenderEvent[] = [];
  for await (const event of events) read.push(event);
  return read;
}

describe('announcements', () => {
  it('reach each reader from the first, whenever it comes', async () => {
    const announced = createAnnouncements();
    const { signal } = new AbortController();
    const early = all(announced.read(signal));
    announced.add(instance(0));
    await Promise.resolve();
    announced.add(instance(1));
    const later = all(announced.read(signal));
    expect(announced.isComplete).toBe(false);
    const completed = announced.completed(signal);
    announced.add(SEAL);
    await completed;
    const expected = [instance(0), instance(1), SEAL];
    expect(await early).toEqual(expected);
    expect(await later).toEqual(expected);
    expect(await all(announced.read(signal))).toEqual(expected);
  });

  it('are no longer waited for once the signal aborts', async () => {
    const announced = createAnnouncements();
    const stop = new AbortController();
    announced.add(instance(0));
    const read = all(announced.read(stop.signal));
    const completed = announced.completed(stop.signal);
    stop.abort(new Error('enough'));
    await expect(completed).rejects.toThrow('enough');
    expect(await read).toHaveLength(1);
  });
});
