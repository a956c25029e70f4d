/** What people ask of a running member: each answer, and each refusal before anything is done. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryPacs, type MemoryPacs } from '@interhosp/adapters/memory';
import { patientsCsv } from '@interhosp/adapters/patients-csv';
import { generateStudy, SAMPLE_PATIENT, type SampleStudyOptions } from '@interhosp/core/conformance';
import {
  createRoot,
  createRoster,
  createRosterState,
  acceptRoster,
  encodeEnvelope,
  federationIdOf,
  jcs,
  memberFromCard,
  peerIdOf,
  ROOT_TYPE,
  ROSTER_TYPE,
  signEnvelope,
} from '@interhosp/core/federation';
import { ReconciliationError } from '@interhosp/core/errors';
import type { PatientDirectory } from '@interhosp/core/patients';
import { toDecisionRecord } from '@interhosp/core/reconciliation';
import { draftRuleSet, parseRuleSet } from '@interhosp/core/routing';
import { parseDigest, parseMemberId, parseTransferId, type ExchangeId, type Priority } from '@interhosp/core/study';
import { isoSeconds } from '@interhosp/core/world';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NORTH, SOUTH, storable } from '../../test/journey/exchanges.ts';
import { ManualClock } from '../../test/peer/manual-clock.ts';
import { codeOf, collect, crypto, freshHost, memoryKeys, random, silentLog } from '../../test/storage/worlds.ts';
import { configSchema } from '../config/schema.ts';
import { openJournal } from '../journal/index.ts';
import { decide } from '../journey/patient.ts';
import type { KeyVault } from '../keys/index.ts';
import { openSpool } from '../spool/index.ts';
import { ed25519Signer } from '../world/crypto.ts';
import { nodeDisk } from '../world/index.ts';
import { simDisk } from '../world/simulated-disk.ts';
import { openDocuments } from './documents.ts';
import { createEventFeed } from './event-feed.ts';
import { openLedger } from './ledger.ts';
import { MemberPorts } from './member-ports.ts';
import { MemberOperations } from './operations.ts';
import { createOutgoing } from './outgoing.ts';
import type { Parts } from './parts.ts';

const EAST = parseMemberId('be-east');
const SEAL = {
  bytes: 1,
  instances: 3,
  manifestRoot: parseDigest('aa'.repeat(32)),
  quarantined: [],
  transferId: parseTransferId('bb'.repeat(32)),
};
const YEAR_MS = 365 * 86_400_000;
const operator = ed25519Signer(new Uint8Array(32).fill(1));
const holders = [{ holder: 'operator', publicKey: operator.publicKey }];
const rootPayload = createRoot(
  { issuedMs: 0, name: 'Test', roles: { root: { holders }, roster: { holders } } },
  crypto,
);
const federationId = federationIdOf(jcs(rootPayload), crypto);
const root = encodeEnvelope(await signEnvelope(ROOT_TYPE, rootPayload, [operator]));
const roster = await signedRoster();

/** South, where these tests are; North, with whom it exchanges; East, which only receives nothing. */
async function signedRoster(): Promise<Uint8Array> {
  const orgs = [SOUTH, NORTH, EAST].map((orgId, index) => {
    const peerId = peerIdOf(ed25519Signer(new Uint8Array(32).fill(index + 2)).publicKey);
    const addrs = [`/dns4/${orgId}.example/tcp/443`];
    const nothing = { query: [], receive: [], relay: false, send: [] };
    return memberFromCard(
      { addrs, displayName: orgId, issued: isoSeconds(0), orgId, peerId },
      { validFromMs: 0, validToMs: YEAR_MS, ...(orgId === EAST && { permissions: nothing }) },
    );
  });
  const { state } = acceptRoster(createRosterState(federationId), [root], { crypto, nowMs: 0 });
  return encodeEnvelope(await signEnvelope(ROSTER_TYPE, createRoster(state, orgs, { issuedMs: 0 }), [operator]));
}

const PATIENTS = [
  'id,family,given,birth_date,sex',
  'P1,Vérité,Anne-Hélène,1961-04-23,F',
  'P2,Verite,Anne,1961-04-23,F',
  'P3,Dupont,Jean,1970-01-01,M',
].join('\n');

let folder: string;
const stops: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'interhosp-operations-'));
  await mkdir(join(folder, 'drop'));
  await writeFile(join(folder, 'drop', 'root.json'), root);
  await writeFile(join(folder, 'drop', 'roster.json'), roster);
  await writeFile(join(folder, 'patients.csv'), PATIENTS);
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  await rm(folder, { recursive: true });
});

/** The operations of South over real parts; of the network there is only what the roster says. */
async function operations(
  pacs: MemoryPacs = memoryPacs(),
  { rules, ...options }: { readonly rules?: Parts['rules']; readonly source?: 'main' | undefined } = { source: 'main' },
) {
  const clock = new ManualClock();
  const disk = simDisk();
  const kept = memoryKeys();
  const keys = {
    ...kept,
    createKey: async (exchange: ExchangeId) => kept.add(exchange),
    eraseKey: async (exchange: ExchangeId) => kept.erase(exchange),
  } as unknown as KeyVault;
  const log = silentLog;
  const journal = await openJournal({ clock, crypto, disk, folder: '/j', host: freshHost(), keys, log, random });
  stops.push(() => journal.close());
  const ledger = await openLedger({ clock, journal, keys, random });
  const spool = await openSpool({ crypto, disk, folder: '/s', keys, log, lowWaterBytes: 0, random });
  stops.push(() => spool.close());
  const documents = await openDocuments({
    clock,
    crypto,
    disk: nodeDisk(),
    dropFolder: join(folder, 'drop'),
    federationId,
    keepFolder: join(folder, 'kept'),
    log,
    member: SOUTH,
  });
  const patients = patientsCsv({ clock, file: join(folder, 'patients.csv'), issuer: 'SOUTH', log });
  await patients.start();
  stops.push(() => patients.stop());
  const config = configSchema.parse({
    destination: 'main',
    federation: { id: federationId },
    member: SOUTH,
    name: 'Hospital South',
    pacs: { main: { use: 'memory' } },
    passphraseFile: './passphrase',
    patients: { use: 'csv' },
    reconciliation: { mode: 'confirmed' },
    ...options,
  });
  const northPeer = peerIdOf(ed25519Signer(new Uint8Array(32).fill(3)).publicKey);
  const host = {
    addresses: () => ['/ip4/127.0.0.1/tcp/1'],
    connections: () => [{ remotePeerId: northPeer }],
    peerId: 'me',
  };
  const parts = {
    documents,
    host,
    journal,
    keys,
    ledger,
    pacs: new Map([['main', pacs]]),
    patients,
    spool,
  } as unknown as Parts;
  const loaded = { config, file: 'interhosp.yaml', resolvePath: (path: string) => path };
  const begun: string[] = [];
  const ports = new MemberPorts({ clock, loaded, log }, parts);
  const outgoing = createOutgoing({
    ...parts,
    ...(rules && { rules }),
    begin: (x) => void begun.push(x.id),
    clock,
    log,
    self: SOUTH,
  });
  const feed = createEventFeed(ledger);
  const { signal } = new AbortController();
  const api = new MemberOperations({ clock, feed, loaded, outgoing, parts, ports, signal });
  return { api, begun, clock, feed, ledger, outgoing, pacs, parts, ports };
}

async function put(pacs: MemoryPacs, options: SampleStudyOptions = {}) {
  const study = generateStudy({ instances: 3, pixels: 8, ...options });
  await pacs.seed(storable(study));
  return study.studyInstanceUid;
}

type World = Awaited<ReturnType<typeof operations>>;

/** An arrival that a person is asked about. */
async function inReview(
  { ledger, ports }: World,
  seed: string,
  priority: Priority = 'routine',
  patient = SAMPLE_PATIENT,
) {
  const { studyInstanceUid } = generateStudy({ instances: 1, seed });
  const x = await ledger.begin(
    { peer: NORTH, priority, purpose: 'treatment', role: 'receiver', studyInstanceUid },
    'OFFER_SEEN',
    {
      header: { description: 'CT thorax', modalities: ['CT'], patient, studyInstanceUid },
      priority,
      purpose: 'treatment',
      rosterVersion: 1,
      sender: NORTH,
    },
  );
  await x.record('ADMITTED', {});
  await x.record('RECONCILING', { decision: toDecisionRecord(await decide(x, ports.patients())) });
  await x.record('REVIEW', {});
  return x;
}

const request = { by: 'An', purpose: 'treatment', to: NORTH } as const;

describe('the status of a member', () => {
  it('says who it is, whom it knows and is connected with, and how many exchanges are where', async () => {
    const world = await operations();
    await inReview(world, 'one');
    await world.clock.advance(65_000);
    expect(await world.api.status()).toMatchObject({
      federationId,
      jobs: { ADMITTED: 1 },
      member: SOUTH,
      name: 'Hospital South',
      peers: [
        { connected: true, member: NORTH },
        { connected: false, member: EAST },
      ],
      rosterState: 'fresh',
      rosterVersion: 1,
      uptimeSeconds: 65,
    });
  });
});

describe('sending a study', () => {
  it('begins an exchange by the person who asked, with the header and the count of now', async () => {
    const world = await operations();
    const studyInstanceUid = await put(world.pacs);
    const { exchangeId } = await world.api.send({ ...request, priority: 'urgent', studyInstanceUid });
    expect(world.begun).toEqual([exchangeId]);
    const x = world.ledger.get(exchangeId);
    expect(x.facts).toMatchObject({ peer: NORTH, priority: 'urgent', role: 'sender', studyInstanceUid });
    expect(x.required('DISCOVERED')).toMatchObject({
      because: { by: 'An', kind: 'person' },
      header: { modalities: ['CT'], patient: { patientId: { id: 'A-104233' } } },
      instances: 3,
    });
    expect(await world.api.jobs()).toMatchObject([{ exchangeId, instancesExpected: 3, state: 'DISCOVERED' }]);
  });

  it.each([
    ['a member that is not in the roster', { to: 'be-west' }, 'FEDERATION_MEMBER_UNKNOWN'],
    ['a member that may not receive', { to: EAST }, 'FEDERATION_NOT_PERMITTED'],
    ['this member itself', { to: SOUTH }, 'FEDERATION_NOT_PERMITTED'],
    ['a study that the PACS does not hold', { studyInstanceUid: '1.2.3' }, 'PACS_STUDY_UNKNOWN'],
    ['what is no UID', { studyInstanceUid: '1.02.x' }, 'DICOM_UID_INVALID'],
  ])('is refused to, or of, %s, and nothing begins', async (_, changes, code) => {
    const world = await operations();
    const studyInstanceUid = await put(world.pacs);
    expect(await codeOf(world.api.send({ ...request, studyInstanceUid, ...changes }))).toBe(code);
    expect([world.ledger.all(), world.begun]).toEqual([[], []]);
  });

  it('of a study that stands under two patients here is refused: a person must settle that in the PACS', async () => {
    const world = await operations(memoryPacs({ duplicateBy: 'patient' }));
    await put(world.pacs);
    const studyInstanceUid = await put(world.pacs, { patient: { patientId: { id: 'B-9' } } });
    expect(await codeOf(world.api.send({ ...request, studyInstanceUid }))).toBe('TRANSFER_STUDY_CONFLICT');
  });

  it('of a study without an instance is refused: that would be no promise', async () => {
    const world = await operations();
    const studyInstanceUid = await put(world.pacs);
    const findStudies = world.pacs.findStudies.bind(world.pacs);
    world.pacs.findStudies = async function* (...args) {
      for await (const summary of findStudies(...args)) yield { ...summary, instances: 0 };
    };
    expect(await codeOf(world.api.send({ ...request, studyInstanceUid }))).toBe('PACS_STUDY_UNKNOWN');
  });

  it('is of what was pushed to the adapter too, which is no PACS that a study is filed in', async () => {
    const pushed = memoryPacs();
    const world = await operations(Object.assign(memoryPacs(), { withPushed: pushed }));
    const studyInstanceUid = await put(pushed);
    const { exchangeId } = await world.api.send({ ...request, studyInstanceUid });
    expect(world.ledger.get(exchangeId).facts.instances).toBe(3);
    expect(world.ports.outbound().source).toBe(pushed);
    expect(await collect(world.ports.inbound().pacs.findStudies({}))).toEqual([]);
  });

  it('by a member that only receives is refused', async () => {
    const world = await operations(memoryPacs(), { source: undefined });
    expect(await codeOf(world.api.send({ ...request, studyInstanceUid: '1.2.3' }))).toBe('PACS_WRITE_ONLY');
  });

  it('says that the PACS is away', async () => {
    const world = await operations(memoryPacs({ faults: { isDown: true } }));
    expect(await codeOf(world.api.send({ ...request, studyInstanceUid: '1.2.3' }))).toBe('PACS_UNREACHABLE');
  });
});

describe('a study that was pushed to us', () => {
  const rules = {
    isLive: true,
    version: draftRuleSet(parseRuleSet({ rules: [{ id: 'ct', to: [NORTH], when: { modality: 'CT' } }] }), 'An', crypto),
  };
  const { studyInstanceUid } = generateStudy();
  const study = (instances: number, modality = 'CT', receivedMs = 0) => {
    const patient = { patientId: { id: 'P1' } };
    const header = { modalities: [modality], patient, studyInstanceUid };
    return { header, instances, patient, receivedMs, studyInstanceUid };
  };

  it('was passed on when each member that the rules name has confirmed as many instances', async () => {
    const { ledger, outgoing } = await operations(memoryPacs(), { rules });
    expect(await outgoing.isPassedOn(study(3))).toBe(false);
    await outgoing.route({ header: study(3).header, instances: 3 });
    const [x] = ledger.all();
    expect(await outgoing.isPassedOn(study(3))).toBe(false);
    await x?.record('OFFERED', { rosterVersion: 1 });
    await x?.record('SENDING', {});
    await x?.record('SEALED', SEAL);
    await x?.record('REMOTE_CONFIRMED', { envelope: 'R2' });
    expect(await outgoing.isPassedOn(study(3))).toBe(false);
    await x?.record('CLOSED', {});
    expect(await outgoing.isPassedOn(study(3))).toBe(true);
    await x?.record('EXPUNGED', {});
    expect(await outgoing.isPassedOn(study(3))).toBe(true);
    expect(await outgoing.isPassedOn(study(4))).toBe(false);
    // As many lie here, but one came after the exchange had begun: an older one may be gone from the PACS.
    expect(await outgoing.isPassedOn(study(3, 'CT', Date.parse(x?.history[0]?.at ?? '') + 1))).toBe(false);
  });

  it.each([
    ['may have nothing', EAST],
    ['is not in the roster', parseMemberId('be-west')],
  ])('was not, where a member that a rule names %s at the moment', async (_, member) => {
    const version = draftRuleSet(
      parseRuleSet({ rules: [{ id: 'ct', to: [member], when: { modality: 'CT' } }] }),
      'An',
      crypto,
    );
    const { outgoing } = await operations(memoryPacs(), { rules: { isLive: true, version } });
    expect(await outgoing.isPassedOn(study(3))).toBe(false);
  });

  it.each([
    ['was, where a person ended that', 'CANCELLED', { by: 'An', reason: 'x' }, true],
    ['was not, where it was given up', 'EXPIRED', { policy: 'x' }, false],
  ] as const)('%s', async (_, type, payload, isPassedOn) => {
    const { ledger, outgoing } = await operations(memoryPacs(), { rules });
    await outgoing.route({ header: study(3).header, instances: 3 });
    await ledger.all()[0]?.record(type, payload);
    expect(await outgoing.isPassedOn(study(3))).toBe(isPassedOn);
  });

  it('is to go to nobody where no rule names it, or it came from another member; while a person sends it, it stays', async () => {
    const { ledger, outgoing } = await operations(memoryPacs(), { rules });
    expect(await outgoing.isPassedOn(study(3, 'MR'))).toBe(true);
    const without = await operations();
    expect(await without.outgoing.isPassedOn(study(3))).toBe(true);
    const because = { by: 'An', kind: 'person' } as const;
    const sent = { because, header: study(3).header, instances: 3, priority: 'routine', purpose: 'treatment' } as const;
    await outgoing.accept({ ...sent, to: NORTH });
    expect(await outgoing.isPassedOn(study(3, 'MR'))).toBe(false);
    expect(ledger.all()).toHaveLength(1);
  });
});

describe('an emergency that may still grow', () => {
  const live = (priority: Priority, isLive = true) => {
    const rules = parseRuleSet({ rules: [{ id: 'stroke', priority, to: [NORTH], when: { modality: 'CT' } }] });
    return { isLive, version: draftRuleSet(rules, 'An', crypto) };
  };
  const header = { modalities: ['CT'], patient: SAMPLE_PATIENT, studyInstanceUid: generateStudy().studyInstanceUid };

  it('goes with what is there, once for each count, and the rest goes when it is complete', async () => {
    const { ledger, outgoing } = await operations(memoryPacs(), { rules: live('emergency') });
    expect(await outgoing.hurry({ header, instances: 20 })).toBe('sent');
    expect(await outgoing.hurry({ header, instances: 20 })).toBe('sent');
    expect(await outgoing.route({ header, instances: 20 })).toBe(true);
    expect(await outgoing.route({ header, instances: 60 })).toBe(true);
    expect(ledger.all().map(({ facts }) => [facts.priority, facts.instances])).toEqual([
      ['emergency', 20],
      ['emergency', 60],
    ]);
  });

  it.each([
    ['a rule of another priority', live('urgent')],
    ['rules that nobody approved', live('emergency', false)],
    ['no rules', undefined],
  ])('is none by %s', async (_, rules) => {
    const { ledger, outgoing } = await operations(memoryPacs(), rules === undefined ? {} : { rules });
    expect(await outgoing.hurry({ header, instances: 20 })).toBe('none');
    expect(ledger.all()).toEqual([]);
  });
});

describe('the worklist', () => {
  it('has the most pressing first, then who waits longest, and nobody who was decided', async () => {
    const world = await operations();
    const routine = await inReview(world, 'routine');
    await world.clock.advance(60_000);
    const later = await inReview(world, 'later');
    const emergency = await inReview(world, 'emergency', 'emergency');
    const rejected = await inReview(world, 'rejected');
    await world.api.cancel(rejected.id, 'An', 'not ours');
    const reviews = await world.api.reviews();
    expect(reviews.map(({ exchangeId }) => exchangeId)).toEqual([emergency.id, routine.id, later.id]);
    expect(reviews[0]).toMatchObject({ arrival: { birthDate: '1961-04-23' }, description: 'CT thorax', sender: NORTH });
    expect(reviews[0]?.candidates.map(({ patient }) => patient.patientId.id)).toContain('P1');
  });

  it('leaves out what was decided while it was made, and does not hide that the directory is away', async () => {
    const world = await operations();
    const x = await inReview(world, 'one');
    await inReview(world, 'two');
    const directory = world.parts.patients;
    const candidates = directory.candidates.bind(directory);
    const failing = (fail: () => Promise<never>): PatientDirectory['candidates'] => {
      let isFirst = true;
      return async (...args) => {
        if (!isFirst) return await candidates(...args);
        isFirst = false;
        return await fail();
      };
    };
    directory.candidates = failing(async () => {
      throw new ReconciliationError('RECONCILIATION_NOT_IN_REVIEW');
    });
    expect(await world.api.reviews()).toHaveLength(1);
    directory.candidates = failing(async () => {
      throw new ReconciliationError('RECONCILIATION_DIRECTORY_UNAVAILABLE');
    });
    expect(await codeOf(world.api.reviews())).toBe('RECONCILIATION_DIRECTORY_UNAVAILABLE');
    expect(await world.api.review(x.id)).toMatchObject({ exchangeId: x.id });
  });
});

describe('a decision about an arrival', () => {
  it('links to a patient of the directory, and to no other', async () => {
    const world = await operations();
    const x = await inReview(world, 'one');
    const link = (patientId: string) => world.api.decide(x.id, { by: 'An', kind: 'link', patientId });
    expect(await codeOf(link('P9'))).toBe('RECONCILIATION_PATIENT_UNKNOWN');
    expect(x.recorded('DECIDED')).toBeUndefined();
    await link('P1');
    expect(x.recorded('DECIDED')).toEqual({ by: 'An', kind: 'link', patientId: 'P1' });
  });

  it('that it is somebody new keeps whom the person saw and did not choose', async () => {
    const world = await operations();
    const x = await inReview(world, 'one');
    const shown = (await world.api.review(x.id)).candidates.map(({ patient }) => patient.patientId.id);
    expect(shown.length).toBeGreaterThan(0);
    await world.api.decide(x.id, { by: 'An', kind: 'new' });
    expect(x.recorded('DECIDED')).toEqual({ by: 'An', kind: 'new', notPatientIds: shown });
  });

  it('rejects, with the reason', async () => {
    const world = await operations();
    const x = await inReview(world, 'one');
    await world.api.decide(x.id, { by: 'An', kind: 'reject', reason: 'wrong hospital' });
    expect(x.recorded('DECIDED')).toEqual({ by: 'An', kind: 'reject', reason: 'wrong hospital' });
  });

  it('is refused where nobody is asked', async () => {
    const world = await operations();
    const studyInstanceUid = await put(world.pacs);
    const { exchangeId } = await world.api.send({ ...request, studyInstanceUid });
    for (const id of [exchangeId, 'ff'.repeat(16)]) {
      expect(await codeOf(world.api.review(id))).toBe('RECONCILIATION_NOT_IN_REVIEW');
      const decision = { by: 'An', kind: 'reject', reason: 'x' } as const;
      expect(await codeOf(world.api.decide(id, decision))).toBe('RECONCILIATION_NOT_IN_REVIEW');
    }
  });
});

describe('an exchange', () => {
  it('is shown with its records, and an unknown one is unknown to every operation', async () => {
    const world = await operations();
    const x = await inReview(world, 'one');
    const { records, state } = await world.api.job(x.id);
    expect([state, records.map(({ type }) => type)]).toEqual([
      'ADMITTED',
      ['OFFER_SEEN', 'ADMITTED', 'RECONCILING', 'REVIEW'],
    ]);
    const unknown = 'ff'.repeat(16);
    const asked = [world.api.job(unknown), world.api.release(unknown, 'An'), world.api.cancel(unknown, 'An', 'x')];
    expect(await Promise.all(asked.map(codeOf))).toEqual(Array(3).fill('TRANSFER_UNKNOWN'));
  });

  it('that is held is released by name, and one that is not held cannot be', async () => {
    const world = await operations();
    const x = await inReview(world, 'one');
    expect(await codeOf(world.api.release(x.id, 'An'))).toBe('TRANSFER_STATE');
    await x.record('HELD', { code: 'PACS_BUSY' });
    expect(await world.api.jobs()).toMatchObject([{ reason: 'PACS_BUSY', state: 'HELD' }]);
    await world.api.release(x.id, 'An');
    expect(x.recorded('RELEASED')).toEqual({ by: 'An' });
  });

  it('is cancelled by name and reason, once', async () => {
    const world = await operations();
    const x = await inReview(world, 'one');
    await world.api.cancel(x.id, 'An', 'sent by mistake');
    expect(x.recorded('CANCELLED')).toEqual({ by: 'An', reason: 'sent by mistake' });
    expect(await codeOf(world.api.cancel(x.id, 'An', 'again'))).toBe('TRANSFER_STATE');
  });

  it('tells those who watch of each change', async () => {
    const world = await operations();
    const x = await inReview(world, 'one');
    const events = world.api.events()[Symbol.asyncIterator]();
    const next = events.next();
    await world.api.cancel(x.id, 'An', 'over');
    expect((await next).value).toMatchObject({ exchangeId: x.id, role: 'receiver', state: 'CANCELLED' });
    world.feed.close();
    expect((await events.next()).done).toBe(true);
  });
});
