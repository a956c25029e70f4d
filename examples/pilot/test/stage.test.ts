import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { Interrupted, openStage, pause, unlessAborted } from '../src/stage.ts';

test('work that ends first gives its result, and work that is given up is not heard of again', async () => {
  const stop = new AbortController();
  assert.equal(await unlessAborted(Promise.resolve(7), stop.signal), 7);
  const waits = unlessAborted(new Promise(() => {}), stop.signal);
  const reason = new Error('enough');
  stop.abort(reason);
  await assert.rejects(waits, reason);
  await assert.rejects(unlessAborted(Promise.reject(new Error('unheard')), stop.signal), reason);
  await assert.rejects(pause(60_000, stop.signal), reason);
});

test('a stage hears of a signal, and leaves no folder', async () => {
  const stage = await openStage();
  assert.equal(existsSync(stage.folder), true);
  process.emit('SIGINT');
  assert.equal(stage.signal.reason instanceof Interrupted, true);
  await stage.close();
  await stage.close();
  assert.equal(existsSync(stage.folder), false);
});
