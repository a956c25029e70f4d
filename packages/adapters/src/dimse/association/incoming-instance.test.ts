import { describe, expect, it } from 'vitest';
import { DataSetInbox } from './inbox.ts';
import { passOver, readOnce } from './incoming-instance.ts';

function openInbox(): DataSetInbox {
  return new DataSetInbox({ held: () => {}, awaits: () => {} });
}

async function turn(): Promise<void> {
  await new Promise<void>((resolve) => void setImmediate(resolve));
}

describe('a data set that is passed over', () => {
  it('is waited for to its end: a request is not answered before it is there', async () => {
    const inbox = openInbox();
    inbox.push(Uint8Array.of(1));
    let isOver = false;
    const passing = passOver(inbox).then(() => (isOver = true));
    inbox.push(Uint8Array.of(2));
    await turn();
    expect(isOver).toBe(false);
    inbox.end();
    await passing;
    expect(isOver).toBe(true);
  });

  it('ends with what ends its association', async () => {
    const inbox = openInbox();
    const passing = passOver(inbox);
    const error = new Error('gone');
    inbox.fail(error);
    await expect(passing).rejects.toBe(error);
  });
});

describe('a data set that is read once', () => {
  it('is whole when its last byte was handed on, and not before', async () => {
    const inbox = openInbox();
    const reading = readOnce(inbox, undefined);
    inbox.push(Uint8Array.of(1));
    inbox.push(Uint8Array.of(2));
    inbox.end();
    const bytes: number[] = [];
    for await (const piece of reading.stream) {
      expect(reading.isWhole).toBe(false);
      bytes.push(...piece);
    }
    expect(bytes).toEqual([1, 2]);
    expect(reading.isWhole).toBe(true);
    reading.throwIfBroken();
  });

  it('is not whole when its reader leaves', async () => {
    const inbox = openInbox();
    inbox.push(Uint8Array.of(1));
    inbox.end();
    const reading = readOnce(inbox, undefined);
    for await (const _ of reading.stream) break;
    expect(reading.isWhole).toBe(false);
  });

  it('tells what broke it, also when its reader says nothing', async () => {
    const inbox = openInbox();
    const reading = readOnce(inbox, undefined);
    const error = new Error('gone');
    inbox.fail(error);
    await expect((async () => void (await reading.stream[Symbol.asyncIterator]().next()))()).rejects.toBe(error);
    expect(() => reading.throwIfBroken()).toThrow(error);
  });

  it('ends with the reason of its signal, whatever the association makes of it', async () => {
    const inbox = openInbox();
    const controller = new AbortController();
    const reason = { kind: 'cancelled' };
    const reading = readOnce(inbox, controller.signal);
    const next = reading.stream[Symbol.asyncIterator]().next();
    controller.abort(reason);
    inbox.fail(new Error('aborted here'));
    await expect(next).rejects.toBe(reason);
    const thrown = (() => {
      try {
        reading.throwIfBroken();
      } catch (error) {
        return error;
      }
      return undefined;
    })();
    expect(thrown).toBe(reason);
  });
});
