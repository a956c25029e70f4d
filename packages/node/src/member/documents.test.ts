import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  acceptRoster,
  createRoot,
  createRoster,
  createRosterState,
  encodeEnvelope,
  federationIdOf,
  jcs,
  memberFromCard,
  peerIdOf,
  PRACTITIONERS_TYPE,
  ROOT_TYPE,
  ROSTER_TYPE,
  signEnvelope,
  type RosterState,
} from '@interhosp/core/federation';
import { isoSeconds } from '@interhosp/core/world';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SOUTH } from '../../test/journey/exchanges.ts';
import { ManualClock } from '../../test/peer/manual-clock.ts';
import { crypto, keptLog } from '../../test/storage/worlds.ts';
import { ed25519Signer } from '../world/crypto.ts';
import { nodeDisk } from '../world/index.ts';
import { documentStore } from './document-store.ts';
import { openDocuments, type FederationDocuments } from './documents.ts';

const operator = ed25519Signer(new Uint8Array(32).fill(1));
const south = ed25519Signer(new Uint8Array(32).fill(2));
/** When the federation was founded; the clock of the tests says the same. */
const NOW_MS = 0;
const card = {
  addrs: ['/dns4/south.example/tcp/443'],
  displayName: 'Hospital South',
  issued: isoSeconds(NOW_MS),
  orgId: SOUTH,
  peerId: peerIdOf(south.publicKey),
};
const org = memberFromCard(card, { validFromMs: NOW_MS, validToMs: NOW_MS + 400 * 86_400_000 });
const holders = [{ holder: 'operator', publicKey: operator.publicKey }];
const rootPayload = createRoot(
  { issuedMs: NOW_MS, name: 'Test', roles: { root: { holders }, roster: { holders } } },
  crypto,
);
const federationId = federationIdOf(jcs(rootPayload), crypto);
const root = encodeEnvelope(await signEnvelope(ROOT_TYPE, rootPayload, [operator]));
const first = await nextRoster(accepted(createRosterState(federationId), root));
const second = await nextRoster(first.state);
const forged = encodeEnvelope(
  await signEnvelope(ROSTER_TYPE, createRoster(first.state, [org], { issuedMs: NOW_MS }), [south]),
);

function accepted(state: RosterState, envelope: Uint8Array): RosterState {
  return acceptRoster(state, [envelope], { crypto, nowMs: NOW_MS }).state;
}

async function nextRoster(state: RosterState) {
  const payload = createRoster(state, [org], { issuedMs: NOW_MS });
  const envelope = encodeEnvelope(await signEnvelope(ROSTER_TYPE, payload, [operator]));
  return { envelope, state: accepted(state, envelope) };
}

let folder: string;
const log = keptLog();
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'interhosp-documents-'));
  await mkdir(join(folder, 'drop'));
  log.lines.length = 0;
});
afterEach(() => rm(folder, { recursive: true }));

function open(clock = new ManualClock()): Promise<FederationDocuments> {
  return openDocuments({
    clock,
    crypto,
    disk: nodeDisk(),
    dropFolder: join(folder, 'drop'),
    federationId,
    keepFolder: join(folder, 'kept'),
    log,
    member: SOUTH,
  });
}

const drop = (name: string, bytes: Uint8Array | string) => writeFile(join(folder, 'drop', name), bytes);
const versionOf = (documents: FederationDocuments) => documents.state().roster?.document.version ?? 0;

describe('the documents of the federation', () => {
  it('are read from the folder when the member starts, whatever order their names give', async () => {
    await drop('a-roster.json', first.envelope);
    await drop('z-root.json', `${Buffer.from(root).toString()}\r\n`);
    const documents = await open();
    expect(versionOf(documents)).toBe(1);
    expect(documents.envelopes()).toHaveLength(2);
  });

  it('are taken while the member runs, and those who ask are told', async () => {
    const clock = new ManualClock();
    const documents = await open(clock);
    const stop = new AbortController();
    let changes = 0;
    documents.onChange(() => changes++);
    const watching = documents.watch(stop.signal);
    await drop('root.json', root);
    await drop('roster.json', first.envelope);
    for (let turn = 0; versionOf(documents) === 0 && turn < 200; turn++) {
      await clock.advance(500);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(versionOf(documents)).toBe(1);
    expect(changes).toBeGreaterThan(0);
    stop.abort();
    await clock.advance(0);
    await watching;
  });

  it('are none of other files: no envelope, of another kind, too large, or half written', async () => {
    await drop('notes.txt', root);
    await drop('broken.json', '{"payload":');
    await drop('empty.json', '');
    await drop('large.json', Buffer.alloc(10 * 1_048_576, 32));
    const documents = await open();
    expect(documents.envelopes()).toEqual([]);
  });

  it('keep what was accepted over a restart, and refuse then what is older', async () => {
    const before = await open();
    expect(await before.accept([root, first.envelope, second.envelope])).toBe(true);
    const after = await open();
    expect(versionOf(after)).toBe(2);
    expect(await after.accept([first.envelope])).toBe(false);
    await drop('roster.json', first.envelope);
    const again = await open();
    expect(versionOf(again)).toBe(2);
  });

  it('refuse what the operator did not sign, say so, and go on with what they have', async () => {
    const documents = await open();
    await documents.accept([root, first.envelope]);
    expect(await documents.accept([forged])).toBe(false);
    expect(versionOf(documents)).toBe(1);
    expect(log.lines.map(({ fields }) => fields?.code)).toContain('FEDERATION_SIGNATURE_INVALID');
    expect(await documents.accept([second.envelope])).toBe(true);
  });

  it('are not believed when what is kept was changed on disk', async () => {
    await (await open()).accept([root, first.envelope]);
    const kept = join(folder, 'kept', 'roster.jsonl');
    const text = await readFile(kept, 'utf8');
    const [rootLine = '', rosterLine = ''] = text.split('\n');
    await writeFile(kept, `${rootLine}\n${rosterLine.replace(/"sig":"./, '"sig":"_')}\n`);
    expect(versionOf(await open())).toBe(0);
    expect(log.lines.map(({ event }) => event)).toContain('federation.kept-document.refused');
  });
});

describe('the practitioners of this member', () => {
  const practitioners = [{ family: 'Delcourt', given: 'Marc', number: '10012345004' }];

  it('are signed and published once, and again only when they change', async () => {
    const documents = await open();
    await documents.accept([root, first.envelope]);
    await documents.publishPractitioners(practitioners, south);
    expect(documents.practitioners().get(SOUTH)?.version).toBe(1);
    await documents.publishPractitioners(practitioners, south);
    expect(documents.practitioners().get(SOUTH)?.version).toBe(1);
    await documents.publishPractitioners([], south);
    expect(documents.practitioners().get(SOUTH)?.version).toBe(2);
    const restarted = await open();
    expect(restarted.practitioners().get(SOUTH)?.practitioners).toEqual([]);
  });

  it('are not taken from somebody else, and the roster beside them is', async () => {
    const documents = await open();
    await documents.accept([root, first.envelope]);
    const fedId = federationId;
    const times = { expires: isoSeconds(NOW_MS + 86_400_000), issued: isoSeconds(NOW_MS) };
    const payload = { ...times, fedId, orgId: SOUTH, practitioners: [], version: 9 };
    const envelope = encodeEnvelope(await signEnvelope(PRACTITIONERS_TYPE, payload, [operator]));
    expect(await documents.accept([envelope, second.envelope])).toBe(true);
    expect(documents.practitioners().size).toBe(0);
    expect(versionOf(documents)).toBe(2);
  });
});

describe('the documents as peers ask for them', () => {
  it('are listed by kind and version, and given by name', async () => {
    const documents = await open();
    await documents.accept([root, second.envelope, first.envelope]);
    const store = documentStore(documents);
    const listed = await store.list();
    expect(listed.map(({ id, kind, version }) => [kind, id, version])).toEqual([
      ['root', '1', 1],
      ['roster', 'roster', versionOf(documents)],
    ]);
    expect(await store.get('root', '1')).toEqual(root);
    expect(await store.get('root', '2')).toBeUndefined();
  });

  it('say whether an offered one was news', async () => {
    const documents = await open();
    await documents.accept([root, first.envelope]);
    const store = documentStore(documents);
    expect(await store.offer('roster', 'roster', 1, first.envelope)).toBe('known');
    expect(await store.offer('roster', 'roster', 2, forged)).toBe('refused');
    expect(await store.offer('roster', 'roster', 2, second.envelope)).toBe('taken');
  });
});
