// What an inbox lets go of, and when: whole studies that were passed on, and never what somebody was just told is here.
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Uid } from '@interhosp/core/dicom';
import type { StorableInstance } from '@interhosp/core/pacs';
import type { Clock, Log } from '@interhosp/core/world';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataSetInbox } from '../src/dimse/association/inbox.ts';
import { nodeObjectDisk, type ObjectDisk } from '../src/dimse/pushed/object-disk.ts';
import { openStoreInbox, type StoreInbox, type StoreInboxOptions } from '../src/dimse/pushed/store-inbox.ts';
import { testClock } from './clock.ts';
import { sampleInstance, sampleStudyUid } from './dimse-samples.ts';
import { all } from './streams.ts';

const DAY_MS = 86_400_000;
const [first, second] = [sampleInstance({ study: 1 }), sampleInstance({ study: 2 })];

let folder: string;
let aheadMs: number;
const inboxes: StoreInbox[] = [];
const clock: Clock = { ...testClock(), now: () => Date.now() + aheadMs };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'interhosp-inbox-'));
  aheadMs = 0;
});

afterEach(async () => {
  for (const inbox of inboxes.splice(0)) await inbox.stop();
  await rm(folder, { recursive: true, force: true });
});

async function openInbox(options: Partial<StoreInboxOptions> = {}): Promise<StoreInbox> {
  const inbox = await openStoreInbox({ clock, folder, minFreeBytes: 0, retentionDays: 7, ...options });
  inboxes.push(inbox);
  return inbox;
}

async function send(inbox: StoreInbox, instance: StorableInstance): Promise<string> {
  const dataSet = new DataSetInbox({ held: () => {}, awaits: () => {} });
  for (const piece of await all(instance.dataSet())) dataSet.push(piece);
  dataSet.end();
  const status = await inbox.take({ ...instance, callingAe: 'CT1', dataSet }, new AbortController().signal);
  return status.toString(16).padStart(4, '0');
}

const studiesIn = (inbox: StoreInbox): readonly Uid[] => inbox.studies({}).map((study) => study.studyInstanceUid);

describe('an inbox', () => {
  it('answers for no repetition of what it lets go of meanwhile', async () => {
    let meanwhile: (() => Promise<void>) | undefined;
    // The object is synced once more before the answer, and goes while it is.
    const slow = (async (...words: Parameters<typeof open>) => {
      const handle = await open(...words);
      const now = words[1] === 'r+' ? meanwhile : undefined;
      meanwhile = now === undefined ? meanwhile : undefined;
      await now?.();
      return handle;
    }) as typeof open;
    const disk: ObjectDisk = { ...nodeObjectDisk, open: slow };
    const inbox = await openInbox({ disk });
    await send(inbox, first);
    await send(inbox, second);
    meanwhile = () => inbox.remove(first.studyInstanceUid);
    expect(await send(inbox, first)).toBe('0110');
    expect(inbox.size).toBe(1);
    expect(await send(inbox, first)).toBe('0000');
    expect(inbox.size).toBe(2);
  });

  it('asks of a study with when its last instance came, and lets none go that stands under two patients', async () => {
    const inbox = await openInbox();
    await send(inbox, first);
    const asked: { readonly instances: number; readonly receivedMs: number }[] = [];
    inbox.erasesWhen((study) => {
      asked.push(study);
      return Promise.resolve(true);
    });
    await send(inbox, sampleInstance({ study: 2, instance: 1 }));
    await send(inbox, sampleInstance({ study: 2, instance: 2, patientId: 'MISTYPED' }));
    const lastMs = clock.now();
    aheadMs = 8 * DAY_MS;
    await inbox.expire();
    expect(asked).toMatchObject([{ instances: 1, studyInstanceUid: first.studyInstanceUid }]);
    expect(Math.abs((asked[0]?.receivedMs ?? 0) - lastMs)).toBeLessThan(DAY_MS);
    expect(studiesIn(inbox)).toEqual([sampleStudyUid(2), sampleStudyUid(2)]);
  });

  it('keeps a long object that comes again while the older one goes', async () => {
    const long = sampleInstance({ study: 3, pixelBytes: 1_500_000 });
    let meanwhile: (() => Promise<void>) | undefined;
    const slow = (async (...words: Parameters<typeof rm>) => {
      const now = meanwhile;
      meanwhile = undefined;
      await now?.();
      await rm(...words);
    }) as typeof rm;
    const inbox = await openInbox({ disk: { ...nodeObjectDisk, rm: slow } });
    await send(inbox, long);
    meanwhile = async () => expect(await send(inbox, long)).toBe('0000');
    await inbox.remove(long.studyInstanceUid);
    for await (const { dataSet } of inbox.retrieve(long.studyInstanceUid)) {
      expect(Buffer.concat(await all(dataSet)).length).toBeGreaterThan(1_500_000);
    }
    expect(inbox.size).toBe(1);
  });

  it('holds a study longer of which something came again', async () => {
    const inbox = await openInbox();
    await send(inbox, first);
    await send(inbox, second);
    aheadMs = 6 * DAY_MS;
    expect(await send(inbox, first)).toBe('0000');
    aheadMs = 8 * DAY_MS;
    inbox.erasesWhen(() => Promise.resolve(true));
    await inbox.expire();
    expect(studiesIn(inbox)).toEqual([sampleStudyUid(1)]);
    aheadMs = 14 * DAY_MS;
    await inbox.expire();
    expect(studiesIn(inbox)).toEqual([]);
  });

  it('erases nothing by time alone, says so each time, and refuses in the end', async () => {
    const log = keptLog();
    const inbox = await openInbox({ log, maxInstances: 2 });
    await send(inbox, first);
    await send(inbox, second);
    aheadMs = 365 * DAY_MS;
    await inbox.expire();
    const asked: [Uid, number][] = [];
    inbox.erasesWhen(async ({ instances, studyInstanceUid }) => {
      asked.push([studyInstanceUid, instances]);
      return studyInstanceUid === sampleStudyUid(2);
    });
    expect(await send(inbox, sampleInstance({ study: 3 }))).toBe('a700');
    await inbox.expire();
    expect(asked).toEqual([
      [sampleStudyUid(1), 1],
      [sampleStudyUid(2), 1],
    ]);
    expect(studiesIn(inbox)).toEqual([sampleStudyUid(1)]);
    const studyInstanceUid = sampleStudyUid(1);
    expect(log.lines.filter(({ level }) => level === 'error')).toEqual([
      { event: 'dimse.inbox.not-passed-on', fields: { count: 2, studyInstanceUid }, level: 'error' },
      { event: 'dimse.inbox.not-passed-on', fields: { count: 1, studyInstanceUid }, level: 'error' },
    ]);
  });

  it('keeps a study of which something came while it was asked whether it may go', async () => {
    const inbox = await openInbox();
    await send(inbox, first);
    aheadMs = 8 * DAY_MS;
    inbox.erasesWhen(async () => {
      expect(await send(inbox, sampleInstance({ study: 1, instance: 2 }))).toBe('0000');
      return true;
    });
    await inbox.expire();
    expect(inbox.size).toBe(2);
  });
});

function keptLog() {
  const lines: { readonly event: string; readonly fields: object | undefined; readonly level: string }[] = [];
  const log: Log & { readonly lines: typeof lines } = {
    lines,
    forComponent: () => log,
    write: (level, event, fields) => void lines.push({ event, fields, level }),
  };
  return log;
}
