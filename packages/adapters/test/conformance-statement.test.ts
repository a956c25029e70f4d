// docs/conformance-statement.md against the adapter as it is: each line is negotiated, and what has no line is not.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memoryPacs } from '@interhosp/adapters/memory';
import { generateStudy } from '@interhosp/core/conformance';
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, type Uid } from '@interhosp/core/dicom';
import type { StorableInstance } from '@interhosp/core/pacs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerContexts } from '../src/dimse/association/accept-association.ts';
import { parseAeTitle } from '../src/dimse/association/ae-title.ts';
import { REJECTIONS, type AssociateRequest } from '../src/dimse/association/associate.ts';
import { COMMANDS } from '../src/dimse/association/command-set.ts';
import { dimsePacs, type DimsePacs } from '../src/dimse/dimse-pacs.ts';
import { dimseServer } from '../src/dimse/server/dimse-server.ts';
import * as limits from '../src/dimse/limits.ts';
import { listen, type Listener } from '../src/dimse/association/listener.ts';
import {
  proposedContexts,
  requestAssociation,
  type PeerAddress,
} from '../src/dimse/association/request-association.ts';
import { STATUS } from '../src/dimse/association/status.ts';
import { tableBelow } from './statement-tables.ts';
import { all } from './streams.ts';

const SYNTAXES = tableBelow('Transfer syntaxes').map(([, uid = '', sets = '']) => ({ uid: uid as Uid, sets }));
const STORAGE = tableBelow('Storage SOP classes').map(([, uid = '']) => uid as Uid);
const PARAMETERS = new Map(tableBelow('Association policies').map(([name = '', value = '']) => [name, value]));

/** Transfer syntaxes of a set: `plain` or `stored`. */
const syntaxesOf = (set: string): readonly Uid[] =>
  SYNTAXES.filter(({ sets }) => sets.split(', ').includes(set)).map(({ uid }) => uid);

/** SOP classes and their set of syntaxes, with the storage classes in the place of their line. */
function statedFor(
  side: 'As provider' | 'As provider, by option' | 'As user',
): readonly (readonly [sopClass: Uid, set: string])[] {
  return tableBelow(side).flatMap(([name = '', uid = '', set = '']) =>
    name.startsWith('each of') ? STORAGE.map((each) => [each, set] as const) : [[uid as Uid, set] as const],
  );
}

/** SOP classes and syntaxes of DICOM that are not stated, as far as they lie near to what is. */
const NOT_STATED: readonly Uid[] = [
  ...'1.2.840.10008.1.3.10 1.2.840.10008.1.20.2 1.2.840.10008.1.9 1.2.840.10008.5.1.1.9 1.2.840.10008.3.1.2.3.3'.split(
    ' ',
  ),
  ...'1.2.840.10008.5.1.4.1.1.200.4 1.2.840.10008.5.1.4.1.1.200.5 1.2.840.10008.5.1.4.1.1.200.6'.split(' '),
  ...'1.2.840.10008.5.1.4.1.2.1.1 1.2.840.10008.5.1.4.1.2.2.1 1.2.840.10008.5.1.4.1.2.2.2 1.2.840.10008.5.1.4.31'.split(
    ' ',
  ),
  ...'1.2.840.10008.5.1.4.34.6.1 1.2.840.10008.5.1.4.38.2 1.2.826.0.1.3680043.2.1'.split(' '),
].map((uid) => uid as Uid);
const OTHER_SYNTAXES: readonly Uid[] = [
  ...tableBelow('Transfer syntaxes that are not taken').map(([, uid = '']) => uid as Uid),
  '1.2.3.4' as Uid,
];

const OURS = parseAeTitle('INTERHOSP');
const PACS = parseAeTitle('PACS');

describe('as provider', () => {
  const pacs = dimsePacs({
    peer: { host: '127.0.0.1', port: 1, calledAe: PACS, callingAe: OURS },
    listen: { port: 0, callers: [{ aeTitle: PACS, addresses: ['127.0.0.1'] }] },
  });
  const us = (): PeerAddress => ({ host: '127.0.0.1', port: pacs.listensAt ?? 0, calledAe: OURS, callingAe: PACS });
  beforeAll(() => pacs.start());
  afterAll(() => pacs.stop());

  it('accepts what is stated, each pair, and nothing else', async () => {
    const stated = statedFor('As provider').flatMap(([sopClass, set]) =>
      syntaxesOf(set).map((syntax) => [sopClass, syntax] as const),
    );
    const others = NOT_STATED.map((sopClass) => [sopClass, '1.2.840.10008.1.2' as Uid] as const);
    const odd = OTHER_SYNTAXES.map((syntax) => ['1.2.840.10008.5.1.4.1.1.2' as Uid, syntax] as const);
    const accepted = await acceptedBy(us(), [...stated, ...others, ...odd]);
    expect(missing(stated.map(String), accepted)).toEqual([]);
    expect(missing([...accepted], new Set(stated.map(String)))).toEqual([]);
    expect(stated.length).toBeGreaterThan(3_000);
  }, 60_000);

  it('takes reports of storage commitment as the SCU alone, where the PACS is asked for it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'interhosp-statement-'));
    const asking = dimsePacs({
      peer: { host: '127.0.0.1', port: 1, calledAe: PACS, callingAe: OURS },
      listen: { port: 0, callers: [{ aeTitle: PACS, addresses: ['127.0.0.1'] }] },
      folder,
      commitment: 'when-supported',
    });
    await asking.start();
    try {
      const peer = { ...us(), port: asking.listensAt ?? 0 };
      const sopClassUid = '1.2.840.10008.1.20.1' as Uid;
      const contexts = proposedContexts([{ abstractSyntax: sopClassUid, transferSyntaxes: syntaxesOf('plain') }]);
      const association = await requestAssociation(peer, { contexts });
      const [context] = association.agreement.contexts;
      const command = { field: COMMANDS.actionRequest, messageId: 1, actionTypeId: 1 };
      await association.send({ contextId: context?.id ?? 0, command });
      expect((await association.receive())?.command.status).toBe(STATUS.unrecognizedOperation);
      await association.release();
    } finally {
      await asking.stop();
      await rm(folder, { recursive: true });
    }
  });

  it('keeps to the stated parameters', async () => {
    const { agreement } = await associated(us(), [['1.2.840.10008.1.1' as Uid, '1.2.840.10008.1.2' as Uid]]);
    expect(agreement.maxSentPduBytes).toBe(Number(PARAMETERS.get('longest PDU that is taken, bytes')));
    expect(agreement.peerImplementation).toBe(PARAMETERS.get('implementation version name'));
    expect(Object.fromEntries(PARAMETERS)).toEqual({
      'application context': '1.2.840.10008.3.1.1.1',
      'implementation class UID': IMPLEMENTATION_CLASS_UID,
      'implementation version name': IMPLEMENTATION_VERSION_NAME,
      'longest PDU that is taken, bytes': String(limits.MAX_PDU_BYTES),
      'longest PDU that is sent, bytes': String(limits.MAX_SENT_PDU_BYTES),
      'presentation contexts in a request, at most': String(limits.MAX_CONTEXTS),
      'associations served, in all': String(limits.MAX_ASSOCIATIONS),
      'associations served, from one AE title': String(limits.MAX_ASSOCIATIONS_PER_AE),
      'connections without an association': String(limits.MAX_PENDING_CONNECTIONS),
      'ARTIM, seconds': String(limits.ARTIM_MS / 1000),
      'silence of a client without a request, seconds': String(limits.IDLE_MS / 1000),
      'silence of a PACS in the middle of an operation, seconds': String(limits.INACTIVITY_MS / 1000),
    });
  });

  it('rejects with the stated reasons', async () => {
    const stated = new Map(
      tableBelow('Rejections').map(([name = '', code = '']) => [name, code.replaceAll(', ', '-')]),
    );
    const rejected = async (peer: PeerAddress): Promise<unknown> =>
      await associated(peer, [['1.2.840.10008.1.1' as Uid, '1.2.840.10008.1.2' as Uid]]).catch(
        (error: { readonly details?: { readonly reason?: string } }) => error.details?.reason,
      );
    const by = (name: string): string => `rejected-${stated.get(name)}`;
    expect(await rejected({ ...us(), calledAe: parseAeTitle('OTHER') })).toBe(by('called AE title is not ours'));
    expect(await rejected({ ...us(), callingAe: parseAeTitle('OTHER') })).toBe(
      by('calling AE title, address or certificate is not in the list'),
    );
    const { applicationContext, localLimit } = REJECTIONS;
    expect([...stated.values()].slice(2)).toEqual(
      [applicationContext, localLimit].map(({ reason, result, source }) => `${result}-${source}-${reason}`),
    );
  });
});

describe('as provider, by option', () => {
  it('accepts what is stated, each pair, and nothing else', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'interhosp-statement-'));
    const server = dimseServer({ pacs: memoryPacs(), aeTitle: OURS, worklist: () => [], commitment: { folder } });
    await server.start();
    try {
      const stated = statedFor('As provider, by option').flatMap(([sopClass, set]) =>
        syntaxesOf(set).map((syntax) => [sopClass, syntax] as const),
      );
      const isStated = new Set(stated.map(([sopClass]) => sopClass));
      const others = NOT_STATED.filter((each) => !isStated.has(each)).map(
        (sopClass) => [sopClass, '1.2.840.10008.1.2' as Uid] as const,
      );
      const peer = { host: '127.0.0.1', port: server.port, calledAe: OURS, callingAe: PACS };
      const accepted = await acceptedBy(peer, [...stated, ...others]);
      expect(missing(stated.map(String), accepted)).toEqual([]);
      expect(missing([...accepted], new Set(stated.map(String)))).toEqual([]);
    } finally {
      await server.stop();
      await rm(folder, { recursive: true });
    }
  }, 60_000);
});

describe('as user', () => {
  const requests: AssociateRequest[] = [];
  let listener: Listener;
  let pacs: DimsePacs;
  beforeAll(async () => {
    // A PACS that agrees to everything and performs nothing: what is proposed is what counts.
    listener = await listen({
      port: 0,
      decide: (request) => {
        requests.push(request);
        return { contexts: answerContexts(request.contexts, () => (offered) => offered[0]), roles: request.user.roles };
      },
      serve: async (association) => {
        const message = await association.receive();
        if (message === undefined) await association.release();
        else association.abort();
      },
    });
    const peer = { host: '127.0.0.1', port: listener.port, calledAe: PACS, callingAe: OURS };
    pacs = dimsePacs({ peer, worklist: peer });
  });
  afterAll(async () => {
    await pacs.stop();
    await listener.stop();
  });

  it('proposes what is stated, and nothing else', async () => {
    await everythingOnce(pacs);
    const setsOf = (set: string) =>
      set === 'stored' ? [...syntaxesOf(set), ...syntaxesOf('asked about')] : syntaxesOf(set);
    const stated = new Set(
      statedFor('As user').flatMap(([sopClass, set]) => setsOf(set).map((each) => `${sopClass},${each}`)),
    );
    const proposed = new Set(
      requests.flatMap(({ contexts }) =>
        contexts.flatMap(({ abstractSyntax = '', transferSyntaxes }) =>
          transferSyntaxes.map((syntax) => `${abstractSyntax},${syntax}`),
        ),
      ),
    );
    expect(missing([...proposed], stated)).toEqual([]);
    const services = statedFor('As user').filter(([sopClass]) => !STORAGE.includes(sopClass));
    const seen = new Set([...proposed].map((pair) => pair.split(',')[0]));
    expect(services.map(([sopClass]) => sopClass).filter((sopClass) => !seen.has(sopClass))).toEqual([]);
    for (const request of requests) expect(request.user.maxPduBytes).toBe(limits.MAX_PDU_BYTES);
  }, 60_000);
});

/** Every operation of the port once, none of which succeeds. */
async function everythingOnce(pacs: DimsePacs): Promise<void> {
  const study = '1.2.3.4' as Uid;
  const summary = { studyInstanceUid: study, patient: { patientId: { id: 'X' } }, header: {} } as never;
  const attempts: readonly (() => Promise<unknown>)[] = [
    () => pacs.echo(),
    () => pacs.profile(),
    () => pacs.orderStatus?.(summary) ?? Promise.resolve(),
    () => all(pacs.findStudies({ studyInstanceUid: study })),
    () => all(pacs.retrieve(study)),
    () => pacs.acceptedSyntaxes(STORAGE[0] ?? study),
    () => all(pacs.store(STORAGE.slice(0, 60).map(storable))),
  ];
  for (const attempt of attempts) await attempt().catch(() => {});
}

function storable(sopClassUid: Uid, index: number): StorableInstance {
  const [sample] = generateStudy({ seed: 'statement' }).instances;
  if (sample === undefined) throw new Error('no instance');
  const stored = syntaxesOf('stored');
  return {
    ...sample,
    sopClassUid,
    sopInstanceUid: `1.2.3.${index + 1}` as Uid,
    transferSyntaxUid: stored[index % stored.length] ?? sample.transferSyntaxUid,
    lengthBytes: 2,
    async *dataSet() {
      yield Uint8Array.of(0, 0);
    },
  };
}

async function acceptedBy(peer: PeerAddress, pairs: readonly (readonly [Uid, Uid])[]): Promise<ReadonlySet<string>> {
  const accepted = new Set<string>();
  for (let at = 0; at < pairs.length; at += limits.MAX_CONTEXTS) {
    const { agreement } = await associated(peer, pairs.slice(at, at + limits.MAX_CONTEXTS));
    for (const { abstractSyntax, transferSyntax } of agreement.contexts)
      accepted.add(`${abstractSyntax},${transferSyntax}`);
  }
  return accepted;
}

async function associated(peer: PeerAddress, pairs: readonly (readonly [Uid, Uid])[]) {
  const contexts = proposedContexts(
    pairs.map(([abstractSyntax, syntax]) => ({ abstractSyntax, transferSyntaxes: [syntax] })),
  );
  const association = await requestAssociation(peer, { contexts });
  await association.release();
  return association;
}

function missing(wanted: readonly string[], there: ReadonlySet<string>): readonly string[] {
  return wanted.filter((each) => !there.has(each));
}
