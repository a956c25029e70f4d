/** What a member opens when it starts, in order; each part says how it is closed. */
import { join } from 'node:path';
import { mayConnect } from '@interhosp/core/federation';
import type { Pacs } from '@interhosp/core/pacs';
import type { PatientDirectory } from '@interhosp/core/patients';
import type { RuleSetVersion } from '@interhosp/core/routing';
import type { Clock, Log } from '@interhosp/core/world';
import { createPacs, createPatientDirectory } from '../config/adapters.ts';
import type { LoadedConfig } from '../config/load.ts';
import { openJournal, type Journal } from '../journal/index.ts';
import { openKeyVault, readPassphrase, type KeyVault } from '../keys/index.ts';
import { createPeerHost, type PeerHost } from '../peer/index.ts';
import { openSpool, type Spool } from '../spool/index.ts';
import { catchUpStore, type Store } from '../store/index.ts';
import { nodeCrypto, nodeDisk, nodeRandom } from '../world/index.ts';
import { openDocuments, type FederationDocuments } from './documents.ts';
import { openLedger, type Ledger } from './ledger.ts';
import { openMemberStore } from './offline.ts';
import { registryOpener } from './patient-registries.ts';
import { readPractitioners } from './practitioners.ts';
import { PROJECTIONS } from './projections.ts';
import { loadRules } from './routing.ts';

/** The parts of a running member. */
export interface Parts {
  keys: KeyVault;
  journal: Journal;
  ledger: Ledger;
  spool: Spool;
  store: Store;
  documents: FederationDocuments;
  pacs: ReadonlyMap<string, Pacs>;
  patients: PatientDirectory;
  rules?: { readonly version: RuleSetVersion; readonly isLive: boolean };
  host: PeerHost;
}

/** What they are opened with. */
export interface OpenOptions {
  readonly loaded: LoadedConfig;
  readonly log: Log;
  readonly clock: Clock;
}

/** Closes what was opened, in the reverse order. */
export type Closers = (() => Promise<unknown>)[];

/** Opens every part. When it throws, `closers` holds what must still be closed. */
export async function openParts({ clock, loaded, log }: OpenOptions, closers: Closers): Promise<Parts> {
  const { config, resolvePath } = loaded;
  const disk = nodeDisk();
  const crypto = nodeCrypto();
  const random = nodeRandom();
  const data = resolvePath(config.data);
  const passphrase = await readPassphrase(resolvePath(config.passphraseFile), disk);
  const keys = await openKeyVault({ crypto, disk, folder: join(data, 'keys'), log, passphrase, random });
  const journal = await openJournal({ clock, crypto, disk, folder: join(data, 'journal'), keys, log, random });
  closers.push(() => journal.close());
  const ledger = await openLedger({ clock, journal, keys, random });
  const store = await openMemberStore(data, keys, log);
  closers.push(() => store.close());
  await catchUpStore(store, journal, PROJECTIONS, { log, verify: true });
  const { lowWaterBytes } = config.spool;
  const spool = await openSpool({ crypto, disk, folder: join(data, 'spool'), keys, log, lowWaterBytes, random });
  closers.push(() => spool.close());
  const documents = await openDocuments({
    clock,
    crypto,
    disk,
    dropFolder: resolvePath(config.federation.documents),
    federationId: config.federation.id,
    keepFolder: join(data, 'federation'),
    log,
    member: config.member,
  });
  if (config.practitioners !== undefined) {
    await documents.publishPractitioners(await readPractitioners(resolvePath(config.practitioners)), keys.identity);
  }
  const pacs = new Map<string, Pacs>();
  for (const name of Object.keys(config.pacs)) {
    const adapter = await createPacs(loaded, name, { clock, log });
    await adapter.start();
    closers.push(() => adapter.stop());
    pacs.set(name, adapter);
  }
  const patients = await createPatientDirectory(loaded, {
    clock,
    log,
    openRegistry: registryOpener({ dataFolder: data, keys, log }),
  });
  await patients.start();
  closers.push(() => patients.stop());
  const { routing } = config;
  const approval = routing?.approval === undefined ? undefined : resolvePath(routing.approval);
  const rules = routing === undefined ? undefined : await loadRules(resolvePath(routing.rules), approval, crypto);
  const host = createPeerHost({
    admit: (peerId) => (mayConnect(documents.state(), peerId, clock.now()) ? 'member' : 'stranger'),
    clock,
    identitySeed: keys.identitySeed,
    listen: config.listen,
    log,
  });
  closers.push(() => host.stop());
  return {
    documents,
    host,
    journal,
    keys,
    ledger,
    pacs,
    patients,
    spool,
    store,
    ...(rules === undefined ? {} : { rules }),
  };
}
