// Both ends of queries and retrievals: a listener for what is moved to us, and an archive of ours that can be odd.
import type { Uid } from '@interhosp/core/dicom';
import type { RetrievedInstance, StorableInstance } from '@interhosp/core/pacs';
import { memoryPacs, type MemoryPacs } from '@interhosp/adapters/memory';
import { answerContexts } from '../src/dimse/association/accept-association.ts';
import { parseAeTitle } from '../src/dimse/association/ae-title.ts';
import type { Association } from '../src/dimse/association/association.ts';
import { dimseServer, type DimseServer, type DimseServerOptions } from '../src/dimse/server/dimse-server.ts';
import { findInstances, type ListedInstance } from '../src/dimse/query/find-studies.ts';
import { performStore, type IncomingInstance, type InstanceTaker } from '../src/dimse/store/incoming-store.ts';
import { listen, type Listener } from '../src/dimse/association/listener.ts';
import { MoveDesk } from '../src/dimse/retrieve/move-desk.ts';
import {
  proposedContexts,
  requestAssociation,
  type PeerAddress,
} from '../src/dimse/association/request-association.ts';
import type { RetrieveRequest } from '../src/dimse/retrieve/retrieve-request.ts';
import { PLAIN_SYNTAXES, SOP_CLASSES } from '../src/dimse/association/uids.ts';
import { all } from './streams.ts';

/** Our AE title in tests. */
export const OURS = 'MEMBER';

/** Where moves arrive. */
export interface Landing extends AsyncDisposable {
  readonly desk: MoveDesk;
  readonly port: number;
  /** What came that no move had asked for, read to its end. */
  readonly strays: IncomingInstance[];
  /** Associations made to us so far. */
  readonly associations: number;
}

/** Listens for what is moved to us; strays are taken only with a taker for them. */
export async function startLanding(strayStatus?: number): Promise<Landing> {
  const desk = new MoveDesk();
  const strays: IncomingInstance[] = [];
  let associations = 0;
  const takeStray: InstanceTaker = async (instance) => {
    await all(instance.dataSet);
    strays.push(instance);
    return strayStatus ?? 0;
  };
  const take = desk.before(strayStatus === undefined ? undefined : takeStray);
  const listener: Listener = await listen({
    port: 0,
    decide: ({ contexts }) => ({ contexts: answerContexts(contexts, () => (offered) => offered[0]), roles: [] }),
    serve: async (association, signal) => {
      associations++;
      for (;;) {
        const message = await association.receive({ signal });
        if (message === undefined) return await association.release();
        await performStore(association, message, take, signal);
      }
    },
  });
  return {
    desk,
    strays,
    port: listener.port,
    get associations() {
      return associations;
    },
    [Symbol.asyncDispose]: () => listener.stop(),
  };
}

/** An archive of ours with what it holds. */
export interface Archive extends AsyncDisposable {
  readonly server: DimseServer;
  readonly pacs: MemoryPacs;
  readonly peer: PeerAddress;
}

/** Starts an archive. */
export async function startArchive(
  instances: Iterable<StorableInstance>,
  options: Omit<DimseServerOptions, 'pacs'> = {},
): Promise<Archive> {
  const pacs = memoryPacs();
  await pacs.seed(instances);
  const server = dimseServer({ aeTitle: 'ARCHIVE', ...options, pacs });
  await server.start();
  return { pacs, server, peer: peerAt(server.port), [Symbol.asyncDispose]: () => server.stop() };
}

/** A PACS on this machine. */
export function peerAt(port: number, calledAe = 'ARCHIVE'): PeerAddress {
  return { host: '127.0.0.1', port, calledAe: parseAeTitle(calledAe), callingAe: parseAeTitle(OURS) };
}

/** An association for queries. */
export async function openQuery(
  peer: PeerAddress,
  sopClasses: readonly Uid[] = [SOP_CLASSES.studyRootFind, SOP_CLASSES.patientRootFind],
): Promise<Association> {
  const contexts = sopClasses.map((abstractSyntax) => ({ abstractSyntax, transferSyntaxes: PLAIN_SYNTAXES }));
  return await requestAssociation(peer, { contexts: proposedContexts(contexts) });
}

/** The instances of a study as the PACS lists them. */
export async function listed(peer: PeerAddress, studyInstanceUid: Uid): Promise<readonly ListedInstance[]> {
  const association = await openQuery(peer);
  const instances = await all(findInstances(association, studyInstanceUid));
  await association.release();
  return instances;
}

/** A request for a whole study. */
export async function wholeStudy(peer: PeerAddress, studyInstanceUid: Uid): Promise<RetrieveRequest> {
  return { studyInstanceUid, instances: await listed(peer, studyInstanceUid), isWholeStudy: true };
}

/** An instance that came. */
export interface Got {
  readonly sopInstanceUid: Uid | undefined;
  readonly transferSyntaxUid: Uid;
  readonly bytes: Buffer;
}

/** Reads each instance to its end; what came before an error is in `into`. */
export async function readAll(instances: AsyncIterable<RetrievedInstance>, into: Got[] = []): Promise<Got[]> {
  for await (const { dataSet, sopInstanceUid, transferSyntaxUid } of instances) {
    into.push({ sopInstanceUid, transferSyntaxUid, bytes: Buffer.concat(await all(dataSet)) });
  }
  return into;
}

/** What an instance is made of. */
export async function bytesOf(instance: StorableInstance): Promise<Buffer> {
  return Buffer.concat(await all(instance.dataSet()));
}
