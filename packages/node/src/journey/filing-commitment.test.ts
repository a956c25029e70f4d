// The promise of a PACS to keep what was filed: it strengthens what was seen, and never stands in for it.
import { memoryPacs, type MemoryPacs } from '@interhosp/adapters/memory';
import { PacsError } from '@interhosp/core/errors';
import type { CommitOptions, InstanceReference, StorageCommitment } from '@interhosp/core/pacs';
import type { LocalPatient } from '@interhosp/core/study';
import { silentLog, type Clock, type Log } from '@interhosp/core/world';
import { describe, expect, it } from 'vitest';
import { received, SOUTH, type Received } from '../../test/journey/exchanges.ts';
import { codeOf, crypto, random } from '../../test/storage/worlds.ts';
import { fileStudy } from './filing.ts';

const patient: LocalPatient = {
  birthDate: '1961-04-23',
  name: { alphabetic: { family: 'Peeters', given: 'Anna', middle: '', prefix: '', suffix: '' } },
  patientId: { id: 'P1', issuer: 'SOUTH' },
  sex: 'F',
};
const clock: Clock = { monotonicMs: () => 0, now: () => Date.UTC(2026, 2, 14, 10), sleep: () => Promise.resolve() };

interface Line {
  readonly event: string;
  readonly fields: Parameters<Log['write']>[2];
}

function logInto(lines: Line[]): Log {
  const log: Log = {
    ...silentLog,
    forComponent: () => log,
    write: (_level, event, fields) => void lines.push({ event, fields }),
  };
  return log;
}

interface Asked {
  readonly filing: string;
  readonly instances: readonly InstanceReference[];
}

type Answer = (instances: readonly InstanceReference[], options: CommitOptions) => Promise<StorageCommitment>;

/** A PACS that can be asked, and what it was asked. */
function askable(answer: Answer, options: Parameters<typeof memoryPacs>[0] = {}) {
  const asked: Asked[] = [];
  const pacs: MemoryPacs = memoryPacs(options);
  pacs.commit = (instances, how) => {
    asked.push({ filing: how.filing, instances });
    return answer(instances, how);
  };
  return { asked, pacs };
}

const keepsAll: Answer = async (committed) => ({ committed, failed: [] });
const saysNothing: Answer = async () => ({ committed: [], failed: [] });
const losesOne: Answer = async ([first, ...others]) => ({
  committed: others,
  failed: first === undefined ? [] : [{ ...first, reason: 0x0112 }],
});

async function file(
  { pack, x }: Pick<Received, 'pack' | 'x'>,
  pacs: MemoryPacs,
  { lines = [], signal = new AbortController().signal }: { lines?: Line[]; signal?: AbortSignal } = {},
): Promise<void> {
  const settings = { coercion: {}, self: SOUTH, utcOffsetMinutes: 60 };
  await fileStudy(x, pack, { clock, crypto, log: logInto(lines), pacs, random, settings }, signal);
}

describe('a PACS that can be asked to keep what was filed', () => {
  it('promises it, which is the evidence', async () => {
    const arrived = await received(patient);
    const { asked, pacs } = askable(keepsAll);
    await file(arrived, pacs);
    expect(arrived.x.required('CONFIRMED')).toMatchObject({ evidence: 'commitment' });
    const held = pacs.held().map(({ sopClassUid, sopInstanceUid }) => ({ sopClassUid, sopInstanceUid }));
    expect(asked).toHaveLength(1);
    expect(asked[0]?.instances).toHaveLength(held.length);
    expect(asked[0]?.instances).toEqual(expect.arrayContaining(held));
  });

  it('is believed as far as it was seen when it says nothing in time, or of some only', async () => {
    const ofSome: Answer = async (instances) => ({ committed: instances.slice(1), failed: [] });
    for (const answer of [saysNothing, ofSome]) {
      const lines: Line[] = [];
      const arrived = await received(patient);
      const { asked, pacs } = askable(answer);
      await file(arrived, pacs, { lines });
      expect(arrived.x.required('CONFIRMED').evidence).toBe('query');
      const count = answer === ofSome ? 1 : asked[0]?.instances.length;
      expect(lines).toContainEqual({
        event: 'filing.commitment.unanswered',
        fields: { count, exchangeId: arrived.x.id },
      });
    }
  });

  it('is believed as far as it was seen when it cannot be asked now', async () => {
    const lines: Line[] = [];
    const arrived = await received(patient);
    await file(arrived, askable(() => Promise.reject(new PacsError('PACS_BUSY'))).pacs, { lines });
    expect(arrived.x.required('CONFIRMED').evidence).toBe('query');
    expect(lines.find(({ event }) => event === 'filing.commitment.failed')?.fields).toMatchObject({
      code: 'PACS_BUSY',
    });
  });

  it('is not confirmed when it says that it does not keep an instance, which is named, until it does', async () => {
    const lines: Line[] = [];
    const arrived = await received(patient);
    let answer = losesOne;
    const { asked, pacs } = askable((...args) => answer(...args));
    expect(await codeOf(file(arrived, pacs, { lines }))).toBe('TRANSFER_NOT_CONFIRMED');
    expect(arrived.x.state.has('CONFIRMED')).toBe(false);
    const sopInstanceUid = asked[0]?.instances[0]?.sopInstanceUid;
    expect(lines.filter(({ event }) => event === 'filing.instance.not-kept')).toEqual([
      { event: 'filing.instance.not-kept', fields: { exchangeId: arrived.x.id, sopInstanceUid, status: 0x0112 } },
    ]);
    answer = keepsAll;
    await file(arrived, pacs);
    expect(arrived.x.required('CONFIRMED').evidence).toBe('commitment');
  });

  it('is not asked before everything was seen there, read back, and under the patient', async () => {
    for (const faults of [{ dropEvery: 2 }, { altersBytes: true }, { listsUnder: { id: 'P2' } }]) {
      const arrived = await received(patient);
      const { asked, pacs } = askable(keepsAll, { faults });
      expect(await codeOf(file(arrived, pacs))).toMatch(/^TRANSFER_/);
      expect([asked, arrived.x.state.has('CONFIRMED')]).toEqual([[], false]);
    }
  });

  it('is asked the same after a restart, and anew about what was stored again', async () => {
    const arrived = await received(patient);
    const stop = new AbortController();
    const { asked, pacs } = askable(async () => {
      stop.abort(new Error('the member stops'));
      throw stop.signal.reason;
    });
    await expect(file(arrived, pacs, { signal: stop.signal })).rejects.toThrow('the member stops');
    expect(arrived.x.state.has('CONFIRMED')).toBe(false);
    await expect(file(arrived, pacs)).rejects.toThrow('the member stops');
    // Lost by the PACS, seen to be lost, and stored again.
    for (const { studyInstanceUid } of pacs.held()) pacs.deleteStudy(studyInstanceUid);
    const names: string[] = [];
    pacs.commit = (instances, how) => {
      names.push(how.filing);
      return losesOne(instances, how);
    };
    while (names.length < 2) await codeOf(file(arrived, pacs));
    const [first, second] = asked.map(({ filing }) => filing);
    expect(first).toBe(second);
    expect(names[0]).not.toBe(first);
    // Nothing was stored since.
    expect(names[1]).toBe(names[0]);
  });
});
