import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseUid, type Uid } from '@interhosp/core/dicom';
import { sourceOf } from '@interhosp/core/pacs';
import { silentLog } from '@interhosp/core/world';
import { memoryPacs } from '@interhosp/adapters/memory';
import { createCertificateAuthority, freePorts } from '@interhosp/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adapter } from '../src/dimse/adapter.ts';
import { parseAeTitle } from '../src/dimse/association/ae-title.ts';
import { dimseServer } from '../src/dimse/server/dimse-server.ts';
import { proposedContexts, requestAssociation } from '../src/dimse/association/request-association.ts';
import { storeInstances } from '../src/dimse/store/store-scu.ts';
import { sampleInstance, sampleStudyUid } from './dimse-samples.ts';
import { all } from './streams.ts';

const schema = adapter.configSchema['~standard'];
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'interhosp-dimse-'));
  const authority = createCertificateAuthority('Hospital');
  const ours = authority.issue({ name: 'member' });
  await Promise.all([
    writeFile(join(folder, 'ca.pem'), authority.cert),
    writeFile(join(folder, 'member.pem'), ours.cert),
    writeFile(join(folder, 'member.key'), ours.key),
    writeFile(join(folder, 'pacs.pem'), authority.issue({ name: 'pacs', hosts: ['127.0.0.1'] }).cert),
  ]);
});
afterAll(() => rm(folder, { recursive: true }));

const context = {
  log: silentLog,
  clock: { now: () => Date.now(), monotonicMs: () => performance.now(), sleep: () => Promise.resolve() },
  resolvePath: (path: string) => join(folder, path),
};
const least = { host: '127.0.0.1', port: 104, calledAe: 'PACS', callingAe: 'MEMBER' };
const peers = [{ ae: 'PACS', addresses: ['127.0.0.1'] }];
const named = (end: string): Uid => parseUid(`1.2.840.10008.1.2.${end}`);
const tls = { caFile: 'ca.pem', certFile: 'member.pem', keyFile: 'member.key' };

async function created(config: object) {
  const checked = await schema.validate(config);
  if (checked.issues !== undefined) throw new Error(JSON.stringify(checked.issues));
  return await adapter.create(checked.value, context);
}

describe('the PACS over DIMSE as a module', () => {
  it('finds, takes what is pushed, and remembers the PACS in its folder', async () => {
    const memory = memoryPacs();
    await memory.seed([sampleInstance({ study: 1 })]);
    await using server = dimseServer({ pacs: memory, aeTitle: 'PACS' });
    await server.start();
    const [port = 0] = await freePorts(1);
    const config = { ...least, port: server.port, folder: 'state', inbox: { folder: 'in' }, listen: { port, peers } };
    const pacs = await created(config);
    await pacs.start();
    try {
      await pacs.echo();
      expect(sourceOf(pacs).changes).toBeDefined();
      expect(pacs.orderStatus).toBeUndefined();
      expect(await pacs.acceptedSyntaxes?.(sampleInstance({ study: 1 }).sopClassUid)).toContain('1.2.840.10008.1.2.1');
      const found = await all(pacs.findStudies({}));
      expect(found.map((each) => each.studyInstanceUid)).toEqual([sampleStudyUid(1)]);
    } finally {
      await pacs.stop();
    }
    expect(JSON.parse(await readFile(join(folder, 'state', 'profile.json'), 'utf8'))).toMatchObject({ version: 1 });
    expect((await stat(join(folder, 'in'))).isDirectory()).toBe(true);
  });

  it.each(['move', 'get'])(
    'takes a study with an object of a vendor where that is configured, pushed, and by %s',
    async (retrieve) => {
      const vendor = parseUid('1.3.12.2.1107.5.9.1');
      const study = [1, 2].map((instance) =>
        sampleInstance({ study: 1, instance, ...(instance === 2 && { sopClassUid: vendor }) }),
      );
      const sent = sampleInstance({ study: 2, sopClassUid: vendor });
      const memory = memoryPacs();
      await memory.seed(study);
      const [port = 0] = await freePorts(1);
      const destinations = { MEMBER: { host: '127.0.0.1', port } };
      await using server = dimseServer({ pacs: memory, aeTitle: 'PACS', privateClasses: [vendor], destinations });
      await server.start();
      const inbox = { folder: `in-${retrieve}`, minFreeBytes: 0 };
      const listen = { port, peers };
      const pacs = await created({ ...least, port: server.port, retrieve, privateClasses: [vendor], inbox, listen });
      await pacs.start();
      try {
        const got: string[] = [];
        for await (const { dataSet, sopInstanceUid } of pacs.retrieve(sampleStudyUid(1))) {
          await all(dataSet);
          got.push(String(sopInstanceUid));
        }
        expect(got.toSorted()).toEqual(study.map(({ sopInstanceUid }) => sopInstanceUid));
        const member = { host: '127.0.0.1', port, calledAe: parseAeTitle('MEMBER'), callingAe: parseAeTitle('PACS') };
        expect(await all(storeInstances(member, [sent]))).toMatchObject([{ status: 'stored' }]);
        expect(await all(sourceOf(pacs).findInstances(sent.studyInstanceUid))).toMatchObject([{ sopClassUid: vendor }]);
        expect(await all(pacs.store([sent]))).toMatchObject([{ status: 'stored' }]);
      } finally {
        await pacs.stop();
      }
    },
  );

  it('takes instances in an order of the site where one is configured', async () => {
    const [port = 0] = await freePorts(1);
    const storageSyntaxes = ['1.2.840.10008.1.2.1', '1.2.840.10008.1.2.4.70', '1.2.840.10008.1.2.4.94'];
    const pacs = await created({ ...least, storageSyntaxes, listen: { port, peers } });
    await pacs.start();
    try {
      const member = { host: '127.0.0.1', port, calledAe: parseAeTitle('MEMBER'), callingAe: parseAeTitle('PACS') };
      const { sopClassUid: abstractSyntax } = sampleInstance({ study: 1 });
      const offers = ['4.70 1', '1 4.70', '2', '4.94'].map((ends) => ends.split(' ').map((end) => named(end)));
      const proposed = offers.map((transferSyntaxes) => ({ abstractSyntax, transferSyntaxes }));
      const association = await requestAssociation(member, { contexts: proposedContexts(proposed) });
      expect(association.agreement.contexts.map((each) => each.transferSyntax)).toEqual([named('1'), named('1')]);
      await association.release();
    } finally {
      await pacs.stop();
    }
  });

  it('has what its configuration gives it, and nothing else', async () => {
    const worklist = { host: 'ris', port: 105, calledAe: 'RIS' };
    const pacs = await created({ ...least, worklist, preservesBytes: true, onDuplicate: 'replace', tls });
    expect(pacs.orderStatus).toBeDefined();
    expect(sourceOf(pacs).changes).toBeUndefined();
    expect(pacs.capabilities).toEqual({
      source: true,
      destination: true,
      preservesBytes: true,
      onDuplicate: 'replace',
    });
  });

  it.each([
    { tls: { ...tls, keyFile: 'missing' } },
    { listen: { port: 11_112, peers, tls: { ...tls, certFile: 'missing' } } },
    { worklist: { host: 'ris', port: 105, calledAe: 'RIS', tls: { ...tls, caFile: 'missing' } } },
  ])('says which file is missing: %o', async (more) => {
    await expect(created({ ...least, ...more })).rejects.toMatchObject({
      code: 'CONFIG_UNREADABLE',
      details: { file: 'missing' },
    });
  });

  it.each([
    { port: 0 },
    { calledAe: 'A TITLE THAT IS TOO LONG' },
    { callingAe: 'BACK\\SLASH' },
    { prot: 104 },
    { retrieve: 'move' },
    { inbox: { folder: 'in' } },
    { commitment: 'when-supported' },
    { commitmentWaitMs: 1_000 },
    { associations: 5 },
    { busyStatuses: ['C00'] },
    { profileDays: 0 },
    { characterSet: 'ISO_IR 999' },
    { privateSyntaxes: ['1.2.x'] },
    { privateClasses: ['1.2.840.10008.1.20.1'] },
    { storageSyntaxes: [] },
    { tls: { caFile: 'ca.pem' } },
    { tls: { ...tls, fingerprints: ['00:11'] } },
    { listen: { port: 11_112, peers: [] } },
    // An AE title alone.
    { listen: { port: 11_112, peers: [{ ae: 'PACS' }] } },
    { listen: { port: 11_112, peers: [{ ae: 'PACS', addresses: ['pacs.hospital.example'] }] } },
    { listen: { port: 11_112, peers: [{ ae: 'PACS', addresses: ['10.0.0.0/33'] }] } },
    // A fingerprint of nothing.
    { listen: { port: 11_112, peers: [{ ae: 'PACS', fingerprints: ['AB'.repeat(32)] }] } },
  ])('refuses %o', async (more) => {
    const { issues } = await schema.validate({ ...least, ...more });
    expect(issues).not.toBeUndefined();
  });

  it.each([
    { busyStatuses: ['0xC001', 'c123', 272] },
    { commitment: 'when-supported', commitmentWaitMs: 120_000, folder: 'state' },
    { privateClasses: ['1.3.12.2.1107.5.9.1'], storageSyntaxes: ['1.2.840.10008.1.2.4.70', '1.2.840.10008.1.2.1'] },
    { listen: { port: 11_112, peers: [{ ae: 'PACS', addresses: ['10.1.2.0/24', '::1'] }] }, retrieve: 'move' },
    { listen: { port: 11_112, peers: [{ ae: 'PACS', fingerprints: ['AB'.repeat(32)] }], tls } },
  ])('takes %o', async (more) => {
    const { issues } = await schema.validate({ ...least, ...more });
    expect(issues).toBeUndefined();
  });
});
