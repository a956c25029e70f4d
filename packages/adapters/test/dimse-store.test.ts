// C-STORE as SCU against an SCP that does what it is told to, and against DCMTK's.
import { readFile } from 'node:fs/promises';
import { readPart10, tryParseUid, type Uid } from '@interhosp/core/dicom';
import type { StorableInstance, StoreOutcome } from '@interhosp/core/pacs';
import { debianIsMissing, startStorescp } from '@interhosp/testing';
import { describe, expect, it } from 'vitest';
import { parseAeTitle } from '../src/dimse/association/ae-title.ts';
import { REJECTIONS } from '../src/dimse/association/associate.ts';
import { storeInstances, type StoreOptions } from '../src/dimse/store/store-scu.ts';
import type { PeerAddress } from '../src/dimse/association/request-association.ts';
import { IMPLICIT_LITTLE, JPEG_BASELINE, sampleInstance } from './dimse-samples.ts';
import { startScriptedScp } from './scripted-scp.ts';
import { allBytes } from './streams.ts';

function samples(count: number, pixelBytes = 500): readonly StorableInstance[] {
  return Array.from({ length: count }, (_, index) => sampleInstance({ study: 1, instance: index + 1, pixelBytes }));
}

async function stored(
  peer: PeerAddress,
  instances: Iterable<StorableInstance> | AsyncIterable<StorableInstance>,
  options?: StoreOptions,
): Promise<readonly StoreOutcome[]> {
  const outcomes: StoreOutcome[] = [];
  for await (const outcome of storeInstances(peer, instances, options)) outcomes.push(outcome);
  return outcomes;
}

function statuses(outcomes: readonly StoreOutcome[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { status } of outcomes) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

describe('storing over DIMSE', () => {
  it.each([1, 2, 4])('goes over %i associations, and over no more', async (associations) => {
    await using scp = await startScriptedScp();
    const outcomes = await stored(scp.peer, samples(150), { associations });
    expect(statuses(outcomes)).toEqual({ stored: 150 });
    expect(new Set(outcomes.map((each) => each.sopInstanceUid)).size).toBe(150);
    expect(scp.mostAssociations).toBe(associations);
    expect(scp.requests).toHaveLength(associations);
  });

  it('never goes over more than four associations', async () => {
    await using scp = await startScriptedScp();
    await stored(scp.peer, samples(150), { associations: 50 });
    expect(scp.mostAssociations).toBe(4);
  });

  it('sends each instance in the syntax it is stored in, byte for byte', async () => {
    await using scp = await startScriptedScp();
    const study = [
      sampleInstance({ study: 1, instance: 1, pixelBytes: 700_001 }),
      sampleInstance({ study: 1, instance: 2, transferSyntaxUid: IMPLICIT_LITTLE, pixelBytes: 0 }),
      sampleInstance({ study: 1, instance: 3, transferSyntaxUid: JPEG_BASELINE, pixelBytes: 131_060 }),
    ];
    expect(statuses(await stored(scp.peer, study))).toEqual({ stored: 3 });
    for (const each of study) {
      const [copy, ...more] = scp.received.filter(({ sopInstanceUid }) => sopInstanceUid === each.sopInstanceUid);
      expect(more).toEqual([]);
      expect(copy?.transferSyntaxUid).toBe(each.transferSyntaxUid);
      expect(Buffer.compare(copy?.bytes ?? Buffer.of(), await allBytes(each.dataSet()))).toBe(0);
    }
  });

  it('proposes a context of its own for each syntax, and the default beside', async () => {
    await using scp = await startScriptedScp();
    const study = [
      sampleInstance({ study: 1, instance: 1 }),
      sampleInstance({ study: 1, instance: 2, transferSyntaxUid: JPEG_BASELINE }),
    ];
    await stored(scp.peer, study, { associations: 1 });
    const [request] = scp.requests;
    expect(request?.contexts.map(({ transferSyntaxes }) => transferSyntaxes)).toEqual([
      [IMPLICIT_LITTLE],
      [study[0]?.transferSyntaxUid],
      [JPEG_BASELINE],
    ]);
  });

  it('transcodes nothing: what is taken only in another syntax, or not at all, is refused with the reason', async () => {
    const other = '1.2.840.10008.5.1.4.1.1.2' as Uid;
    const ct = withClass(sampleInstance({ study: 1, instance: 3 }), other);
    await using scp = await startScriptedScp({
      syntaxesOf: (uid) => (uid === other ? undefined : [IMPLICIT_LITTLE]),
    });
    const explicit = sampleInstance({ study: 1, instance: 1 });
    const implicit = sampleInstance({ study: 1, instance: 2, transferSyntaxUid: IMPLICIT_LITTLE });
    const outcomes = await stored(scp.peer, [explicit, implicit, ct]);
    const by = (uid: Uid) => outcomes.find(({ sopInstanceUid }) => sopInstanceUid === uid);
    expect(by(explicit.sopInstanceUid)).toMatchObject({ status: 'refused', retry: 'no', statusCode: 0xc122 });
    expect(by(ct.sopInstanceUid)).toMatchObject({ status: 'refused', retry: 'no', statusCode: 0x0122 });
    expect(by(implicit.sopInstanceUid)).toMatchObject({ status: 'stored' });
    expect(scp.received.map(({ sopInstanceUid }) => sopInstanceUid)).toEqual([implicit.sopInstanceUid]);
  });

  it('takes further associations for kinds that had no room, or were not foreseen', async () => {
    await using scp = await startScriptedScp();
    const many = Array.from({ length: 200 }, (_, index) =>
      withClass(sampleInstance({ study: 1, instance: index + 1 }), `2.25.7.${index}` as Uid),
    );
    expect(statuses(await stored(scp.peer, many, { associations: 1 }))).toEqual({ stored: 200 });
    expect(scp.requests.length).toBeGreaterThan(3);
    for (const { contexts } of scp.requests) expect(contexts.length).toBeLessThanOrEqual(128);
    expect(scp.mostAssociations).toBe(1);
  });

  it('leaves in doubt what was under way when an association was lost, and sends the rest over another', async () => {
    const study = samples(40);
    const unlucky = study[17]?.sopInstanceUid;
    await using scp = await startScriptedScp({
      answer: ({ sopInstanceUid }) => (sopInstanceUid === unlucky ? 'abort' : 0),
    });
    const outcomes = await stored(scp.peer, study, { associations: 1 });
    expect(statuses(outcomes)).toEqual({ stored: 39, unknown: 1 });
    expect(outcomes.find(({ status }) => status === 'unknown')).toEqual({
      sopInstanceUid: unlucky,
      status: 'unknown',
      retry: 'later',
    });
    expect(scp.requests).toHaveLength(2);
  });

  it('gives up when each association is lost', async () => {
    await using scp = await startScriptedScp({ answer: () => 'abort' });
    const outcomes: StoreOutcome[] = [];
    const storing = async () => {
      for await (const outcome of storeInstances(scp.peer, samples(40), { associations: 1 })) outcomes.push(outcome);
    };
    await expect(storing).rejects.toMatchObject({ code: 'PACS_ABORTED' });
    expect(statuses(outcomes)).toEqual({ unknown: 4 });
  });

  it('goes on over one association when the PACS grants no second', async () => {
    await using scp = await startScriptedScp({
      reject: (_, count) => (count === 1 ? undefined : REJECTIONS.localLimit),
    });
    expect(statuses(await stored(scp.peer, samples(80), { associations: 4 }))).toEqual({ stored: 80 });
  });

  it('says that no association can be had, before anything is sent', async () => {
    await using scp = await startScriptedScp({ reject: () => REJECTIONS.callingAe });
    await expect(stored(scp.peer, samples(3))).rejects.toMatchObject({ code: 'PACS_UNAUTHORIZED' });
    expect(scp.received).toEqual([]);
  });

  it('loses one instance whose source fails, no other, and rethrows what the source threw', async () => {
    await using scp = await startScriptedScp();
    const study = samples(20, 400_000);
    const failure = new Error('the disk is gone');
    const { instances, open } = watchStreams(
      study.map((each, index) => (index === 7 ? breakingOff(each, failure) : each)),
    );
    const outcomes: StoreOutcome[] = [];
    const storing = async () => {
      for await (const outcome of storeInstances(scp.peer, instances)) outcomes.push(outcome);
    };
    await expect(storing).rejects.toBe(failure);
    expect(statuses(outcomes)).toEqual({ stored: 19 });
    expect(scp.received).toHaveLength(19);
    expect(open()).toBe(0);
  });

  it.each([
    ['longer', 2],
    ['shorter', -2],
  ])('refuses an instance that is %s than announced, and the PACS never has it whole', async (_, more) => {
    await using scp = await startScriptedScp();
    const study = samples(5, 300_000);
    const odd = study[2] as StorableInstance;
    const instances = study.map((each) => (each === odd ? { ...odd, lengthBytes: odd.lengthBytes - more } : each));
    const outcomes = await stored(scp.peer, instances);
    expect(statuses(outcomes)).toEqual({ refused: 1, stored: 4 });
    expect(outcomes.find(({ status }) => status === 'refused')).toMatchObject({ retry: 'no', statusCode: 0xa900 });
    expect(scp.received.some(({ sopInstanceUid }) => sopInstanceUid === odd.sopInstanceUid)).toBe(false);
  });

  it('never sends two objects of one UID at the same time', async () => {
    const under = new Set<string>();
    let together = 0;
    await using scp = await startScriptedScp({
      async answer({ sopInstanceUid }) {
        if (under.has(sopInstanceUid)) together++;
        under.add(sopInstanceUid);
        await new Promise<void>((resolve) => void setTimeout(resolve, 5));
        under.delete(sopInstanceUid);
        return 0;
      },
    });
    const [one] = samples(1);
    const twelve = Array.from({ length: 12 }, () => one as StorableInstance);
    expect(statuses(await stored(scp.peer, twelve, { associations: 4 }))).toEqual({ stored: 12 });
    expect(together).toBe(0);
  });

  it('stops in the middle when it is told to, and ends every stream and association', async () => {
    await using scp = await startScriptedScp();
    const controller = new AbortController();
    const reason = { kind: 'an emergency comes first' };
    const { instances, open, opened } = watchStreams(samples(100, 200_000));
    const storing = async () => {
      let count = 0;
      for await (const _ of storeInstances(scp.peer, instances, { signal: controller.signal })) {
        if (++count === 3) controller.abort(reason);
      }
    };
    await expect(storing).rejects.toBe(reason);
    expect(opened()).toBeGreaterThan(2);
    expect(open()).toBe(0);
    await expect.poll(() => scp.associations).toBe(0);
  });

  it('reads no more than a few instances ahead of what is taken', async () => {
    await using scp = await startScriptedScp();
    let asked = 0;
    let taken = 0;
    let most = 0;
    async function* source(): AsyncGenerator<StorableInstance> {
      for (const each of samples(400)) {
        asked++;
        most = Math.max(most, asked - taken);
        yield each;
      }
    }
    for await (const _ of storeInstances(scp.peer, source())) taken++;
    expect(taken).toBe(400);
    expect(most).toBeLessThan(60);
  });

  it.skipIf(debianIsMissing())(
    'hands DCMTK what it hands anybody, also where one association is served at a time',
    async () => {
      const server = await startStorescp({ args: ['+xa'] });
      try {
        const peer = {
          host: '127.0.0.1',
          port: server.port,
          calledAe: parseAeTitle('STORESCP'),
          callingAe: parseAeTitle('INTERHOSP'),
        };
        const study = [
          ...samples(60, 40_000),
          sampleInstance({ study: 1, series: 2, transferSyntaxUid: JPEG_BASELINE }),
          sampleInstance({ study: 1, series: 3, transferSyntaxUid: IMPLICIT_LITTLE }),
        ];
        expect(statuses(await stored(peer, study, { associations: 2 }))).toEqual({ stored: study.length });
        const held = await Promise.all((await server.files()).map(async (path) => await readPart10(fileBytes(path))));
        expect(held).toHaveLength(study.length);
        for (const { dataSet, sopInstanceUid, transferSyntaxUid } of held) {
          const source = study.find(
            (each) => each.sopInstanceUid === tryParseUid(sopInstanceUid ?? ''),
          ) as StorableInstance;
          expect(transferSyntaxUid).toBe(source.transferSyntaxUid);
          expect(Buffer.compare(await allBytes(dataSet), await allBytes(source.dataSet()))).toBe(0);
        }
      } finally {
        await server.stop();
      }
    },
  );
});

async function* fileBytes(path: string): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(await readFile(path));
}

function breakingOff(instance: StorableInstance, failure: Error): StorableInstance {
  return {
    ...instance,
    async *dataSet(options) {
      let count = 0;
      for await (const piece of instance.dataSet(options)) {
        if (++count > 1) throw failure;
        yield piece;
      }
    },
  };
}

/** The same instance as one of another SOP class, in its data set too. */
function withClass(instance: StorableInstance, sopClassUid: Uid): StorableInstance {
  const value = (uid: string) => Buffer.from(uid.length % 2 === 0 ? uid : `${uid}\0`, 'latin1');
  async function* changed(): AsyncGenerator<Uint8Array> {
    const bytes = Buffer.from(await allBytes(instance.dataSet()));
    const old = value(instance.sopClassUid);
    const at = bytes.indexOf(old);
    const length = Buffer.alloc(2);
    length.writeUInt16LE(value(sopClassUid).length);
    yield Buffer.concat([bytes.subarray(0, at - 2), length, value(sopClassUid), bytes.subarray(at + old.length)]);
  }
  const lengthBytes = instance.lengthBytes + value(sopClassUid).length - value(instance.sopClassUid).length;
  return { ...instance, dataSet: changed, lengthBytes, sopClassUid };
}

/** Instances whose streams are counted as they are opened and ended. */
function watchStreams(instances: readonly StorableInstance[]) {
  const streams = { open: 0, opened: 0 };
  const watched = instances.map((instance) => ({
    ...instance,
    async *dataSet(options?: { readonly signal?: AbortSignal }) {
      streams.opened++;
      streams.open++;
      try {
        yield* instance.dataSet(options);
      } finally {
        streams.open--;
      }
    },
  }));
  return { instances: watched, open: () => streams.open, opened: () => streams.opened };
}
