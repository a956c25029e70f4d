import { describe, expect, it } from 'vitest';
import { createSlots } from './slots.ts';

function gate(): { readonly opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { open: resolve, opened: promise };
}

describe('slots', () => {
  it('runs no more than the given number at once', async () => {
    const slots = createSlots(2);
    let running = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 1));
      running--;
    };
    await Promise.all(Array.from({ length: 20 }, () => slots.run('routine', work)));
    expect(most).toBe(2);
  });

  it('lets an emergency overtake what waits, and keeps the order among equals', async () => {
    const slots = createSlots(1);
    const first = gate();
    const order: string[] = [];
    const note = (name: string) => async () => void order.push(name);
    const running = slots.run('routine', () => first.opened);
    const waiting = [
      slots.run('bulk', note('bulk')),
      slots.run('routine', note('routine 1')),
      slots.run('routine', note('routine 2')),
      slots.run('emergency', note('emergency')),
    ];
    first.open();
    await Promise.all([running, ...waiting]);
    expect(order).toEqual(['emergency', 'routine 1', 'routine 2', 'bulk']);
  });

  it('frees the place when the work fails', async () => {
    const slots = createSlots(1);
    await expect(slots.run('routine', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await expect(slots.run('routine', async () => 1)).resolves.toBe(1);
  });

  it('leaves the queue when its signal aborts, without taking a place', async () => {
    const slots = createSlots(1);
    const first = gate();
    const stop = new AbortController();
    const running = slots.run('routine', () => first.opened);
    const given = slots.run('routine', async () => 'never', { signal: stop.signal });
    stop.abort(new Error('stopped'));
    await expect(given).rejects.toThrow('stopped');
    first.open();
    await running;
    await expect(slots.run('routine', async () => 2)).resolves.toBe(2);
  });
});
