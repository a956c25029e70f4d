import { memoryPacs, type MemoryPacs, type MemoryPacsAccepts } from '@interhosp/adapters/memory';
import { generateStudy, SAMPLE_PATIENT } from '@interhosp/core/conformance';
import { TRANSFER_SYNTAXES, type Uid } from '@interhosp/core/dicom';
import { PacsError } from '@interhosp/core/errors';
import type { DecodePolicy } from '@interhosp/core/pixels';
import type { LocalPatient } from '@interhosp/core/study';
import { APPEND_AHEAD } from '@interhosp/core/transfer';
import { silentLog, type Clock, type Log } from '@interhosp/core/world';
import { afterAll, describe, expect, it } from 'vitest';
import { compressed, pixelsOf, RLE, rleFrame } from '../../test/journey/compressed.ts';
import { received, SOUTH, storable, type Received, type ReceivedOptions } from '../../test/journey/exchanges.ts';
import { codeOf, crypto, random } from '../../test/storage/worlds.ts';
import { createDecoderPool } from '../pixels/index.ts';
import { Announced } from './announced.ts';
import { syntaxFor, type SyntaxPorts } from './filing-syntax.ts';
import { fileStudy } from './filing.ts';

const { ExplicitVRLittleEndian: EXPLICIT, ImplicitVRLittleEndian: IMPLICIT } = TRANSFER_SYNTAXES;
const patient: LocalPatient = { ...SAMPLE_PATIENT, patientId: { id: 'P1', issuer: 'SOUTH' } };
const decoder = createDecoderPool();
const { signal } = new AbortController();
const clock: Clock = { monotonicMs: () => 0, now: () => Date.UTC(2026, 2, 14, 10), sleep: async () => {} };

afterAll(() => decoder.stop());

function file({ pack, x }: Received, pacs: MemoryPacs, policy: DecodePolicy = 'lossless', log: Log = silentLog) {
  const settings = { coercion: {}, self: SOUTH, utcOffsetMinutes: 60 };
  return fileStudy(x, pack, { clock, crypto, decoding: { decoder, policy }, log, pacs, random, settings }, signal);
}

const accepting = (...syntaxes: readonly Uid[]): { readonly accepts: MemoryPacsAccepts } => ({ accepts: { syntaxes } });
const native = generateStudy({ instances: 4, pixels: 16 });
const arrival = (options: ReceivedOptions = {}) => received(patient, { change: (one) => compressed(one), ...options });

async function pixelsHeld(pacs: MemoryPacs, form: 'explicit' | 'implicit'): Promise<ReadonlyMap<Uid, string>> {
  const held = new Map<Uid, string>();
  for (const { chunks, sopInstanceUid } of pacs.held()) {
    held.set(sopInstanceUid, Buffer.from(await pixelsOf(Buffer.concat(chunks), form)).toString('hex'));
  }
  return held;
}

/** Everything is stored, and nothing of that is recorded. */
async function storeUnrecorded(arrived: Received, pacs: MemoryPacs): Promise<void> {
  const store = pacs.store.bind(pacs);
  pacs.store = async function* (...args) {
    yield* store(...args);
    throw new PacsError('PACS_ABORTED');
  };
  expect(await codeOf(file(arrived, pacs))).toBe('PACS_ABORTED');
  pacs.store = store;
}

async function pixelsMeant(): Promise<ReadonlyMap<Uid, string>> {
  const meant = new Map<Uid, string>();
  for (const { dataSet, sopInstanceUid } of native.instances) {
    meant.set(sopInstanceUid, Buffer.from(await pixelsOf(dataSet)).toString('hex'));
  }
  return meant;
}

describe('filing in a PACS that does not take the syntax', () => {
  it.each([
    ['explicit', [IMPLICIT, EXPLICIT], EXPLICIT],
    ['implicit', [IMPLICIT], IMPLICIT],
  ] as const)(
    'decodes to %s VR where the site allows it, every pixel the same, and says so',
    async (form, takes, to) => {
      const arrived = await arrival();
      const pacs = memoryPacs(accepting(...takes));
      await file(arrived, pacs);
      expect(await pixelsHeld(pacs, form)).toEqual(await pixelsMeant());
      expect(new Set(pacs.held().map(({ transferSyntaxUid }) => transferSyntaxUid))).toEqual(new Set([to]));
      const { instances } = arrived.x.required('CONFIRMED');
      expect(instances.map(({ rewritten }) => rewritten)).toEqual(Array(4).fill({ from: RLE, to }));
    },
  );

  it('leaves alone what the PACS takes as it is', async () => {
    const arrived = await arrival();
    const pacs = memoryPacs(accepting(EXPLICIT, RLE));
    await file(arrived, pacs);
    expect(pacs.held().map(({ transferSyntaxUid }) => transferSyntaxUid)).toEqual(Array(4).fill(RLE));
    expect(arrived.x.required('CONFIRMED').instances.some(({ rewritten }) => rewritten !== undefined)).toBe(false);
  });

  it('stores nothing where the site does not allow it, and says why', async () => {
    const arrived = await arrival();
    const pacs = memoryPacs(accepting(EXPLICIT));
    expect(await codeOf(file(arrived, pacs, 'never'))).toBe('PACS_SYNTAX_REFUSED');
    expect([pacs.held().length, arrived.x.state.has('STORED')]).toEqual([0, false]);
    // A person changes the policy and releases: the bytes are still there.
    await file(arrived, pacs, 'lossless');
    expect(await pixelsHeld(pacs, 'explicit')).toEqual(await pixelsMeant());
  });

  it('sets aside an instance of a class that it does not take, and files the others', async () => {
    const [report] = generateStudy({ instances: 1, kind: 'SR' }).instances;
    const arrived = await received(patient, { more: [report!] });
    const classes = [native.instances[0]!.sopClassUid];
    const pacs = memoryPacs({ accepts: { classes, syntaxes: [EXPLICIT] } });
    await file(arrived, pacs);
    const left = arrived.x.required('CONFIRMED').instances.filter(({ status }) => status !== 'filed');
    const { sopInstanceUid } = report!;
    expect(left).toEqual([{ code: 'PACS_CLASS_REFUSED', sopInstanceUid, status: 'quarantined' }]);
  });

  it('sets aside an instance whose pixels turn out damaged in the middle of a store, and files the others', async () => {
    const damaged = native.instances[1]!.sopInstanceUid;
    const arrived = await arrival({
      change: async (one) => {
        const frame = rleFrame(await pixelsOf(one.dataSet));
        return compressed(one, [one.sopInstanceUid === damaged ? frame.subarray(0, 200) : frame]);
      },
    });
    const pacs = memoryPacs(accepting(EXPLICIT));
    await file(arrived, pacs);
    expect(pacs.held()).toHaveLength(3);
    const left = arrived.x.required('CONFIRMED').instances.filter(({ status }) => status !== 'filed');
    expect(left).toEqual([{ code: 'DICOM_PIXELS_UNDECODABLE', sopInstanceUid: damaged, status: 'quarantined' }]);
  });

  it('knows what it decodes to when the PACS holds that from before', async () => {
    const pacs = memoryPacs(accepting(EXPLICIT));
    // Under the patient that is meant.
    const before = generateStudy({ instances: 4, patient, pixels: 16 });
    const [one, ...others] = before.instances;
    const altered = { ...one!, dataSet: one!.dataSet.slice() };
    altered.dataSet[altered.dataSet.length - 3]! ^= 1;
    await pacs.seed(storable({ ...before, instances: [altered, ...others] }));
    const arrived = await arrival();
    await file(arrived, pacs);
    const { instances } = arrived.x.required('CONFIRMED');
    // The three that are the same are not stored again, and nothing is said of a syntax that was not ours to choose.
    expect(instances.map(({ code, rewritten, status }) => [code, rewritten, status])).toEqual([
      ['TRANSFER_STUDY_CONFLICT', undefined, 'quarantined'],
      ...Array(3).fill([undefined, undefined, 'filed']),
    ]);
  });

  it.each([
    ['the site decodes nothing any more', 'never', [EXPLICIT]],
    ['the PACS takes another plain syntax', 'lossless', [IMPLICIT]],
  ] as const)('says what was done before a crash, though now %s', async (_, policy, takes) => {
    const arrived = await arrival();
    const pacs = memoryPacs(accepting(EXPLICIT));
    await storeUnrecorded(arrived, pacs);
    pacs.accepts = { syntaxes: takes };
    await file(arrived, pacs, policy);
    const { instances } = arrived.x.required('CONFIRMED');
    expect(instances.map(({ rewritten }) => rewritten)).toEqual(Array(4).fill({ from: RLE, to: EXPLICIT }));
  });

  it('says nothing of a syntax where an object was stored as it came before a crash', async () => {
    const arrived = await arrival();
    const pacs = memoryPacs(accepting(RLE));
    await storeUnrecorded(arrived, pacs);
    pacs.accepts = { syntaxes: [EXPLICIT] };
    await file(arrived, pacs);
    expect(arrived.x.required('CONFIRMED').instances.some(({ rewritten }) => rewritten !== undefined)).toBe(false);
  });

  it('does not confirm what comes back altered from a PACS that writes objects anew', async () => {
    const arrived = await arrival();
    const pacs = memoryPacs({ ...accepting(EXPLICIT), faults: { altersBytes: true } });
    Object.assign(pacs, { capabilities: { ...pacs.capabilities, preservesBytes: false } });
    expect(await codeOf(file(arrived, pacs))).toBe('TRANSFER_NOT_CONFIRMED');
    pacs.faults = {};
    await file(arrived, pacs);
    expect(arrived.x.state.has('CONFIRMED')).toBe(true);
  });
});

describe('what is announced', () => {
  const kind = { sopClassUid: '1.2.840.10008.5.1.4.1.1.2' as Uid, transferSyntaxUid: RLE };
  const plain = { ...kind, transferSyntaxUid: EXPLICIT };
  const looking = (ports: SyntaxPorts) =>
    new Announced({ choose: (one) => syntaxFor(one, ports, signal), log: silentLog });
  const pacs = memoryPacs(accepting(EXPLICIT));

  it('is asked for when it can be filed, and with it what had to wait', async () => {
    const announced = looking({ pacs });
    expect(await announced.add(0, kind)).toEqual([]);
    expect(await announced.add(1, kind)).toEqual([]);
    expect(await announced.add(2, plain)).toEqual([0, 1, 2]);
    expect(await announced.add(3, kind)).toEqual([3]);
    announced.end();
  });

  it('is refused when the study ends without one that can be filed', async () => {
    const announced = looking({ pacs });
    expect(await announced.add(0, kind)).toEqual([]);
    expect(() => announced.end()).toThrow(expect.objectContaining({ code: 'PACS_SYNTAX_REFUSED' }));
  });

  it('is asked for, too, before a sender would wait for that: the rest may be of another kind', async () => {
    const announced = looking({ pacs });
    const withheld = APPEND_AHEAD - 2;
    for (let ordinal = 0; ordinal < withheld; ordinal++) expect(await announced.add(ordinal, kind)).toEqual([]);
    expect(await announced.add(withheld, kind)).toEqual(Array.from({ length: APPEND_AHEAD - 1 }, (_, each) => each));
    expect(await announced.add(withheld + 1, kind)).toEqual([withheld + 1]);
    announced.end();
  });

  it('can be filed when the policy allows decoding', async () => {
    const announced = looking({ decoding: { decoder, policy: 'lossless' }, pacs });
    expect(await announced.add(0, kind)).toEqual([0]);
  });

  it('is asked for when the PACS does not say, or cannot be asked', async () => {
    expect(await looking({ pacs: {} }).add(0, kind)).toEqual([0]);
    const down = memoryPacs({ ...accepting(EXPLICIT), faults: { isDown: true } });
    expect(await looking({ pacs: down }).add(0, kind)).toEqual([0]);
  });

  it('says that a class is not taken at all', async () => {
    const none = memoryPacs({ accepts: { classes: [], syntaxes: [EXPLICIT] } });
    const announced = looking({ pacs: none });
    expect(await announced.add(0, plain)).toEqual([]);
    expect(() => announced.end()).toThrow(expect.objectContaining({ code: 'PACS_CLASS_REFUSED' }));
  });
});
