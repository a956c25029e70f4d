/** Exchanges folded from a real journal, and what two streams at once do to it. */
import { generateStudy } from '@interhosp/core/conformance';
import { bytesSource, readStudyHeader } from '@interhosp/core/dicom';
import { parseMemberId } from '@interhosp/core/study';
import { beforeEach, describe, expect, it } from 'vitest';
import { NORTH, SOUTH } from '../../test/journey/exchanges.ts';
import {
  codeOf,
  crypto,
  EXCHANGE_A,
  freshHost,
  memoryKeys,
  random,
  silentLog,
  stillClock,
} from '../../test/storage/worlds.ts';
import { openJournal, type Journal } from '../journal/index.ts';
import type { KeyVault } from '../keys/index.ts';
import { simDisk, type SimulatedDisk } from '../world/simulated-disk.ts';
import { openLedger, type Ledger } from './ledger.ts';

const study = generateStudy({ instances: 1, seed: 'ledger' });
const [instance] = study.instances;
const { header } = await readStudyHeader(bytesSource(instance?.dataSet ?? new Uint8Array(0)), study.transferSyntaxUid);
const offer = { header, priority: 'routine', purpose: 'treatment', rosterVersion: 1, sender: NORTH } as const;
const facts = {
  exchangeId: EXCHANGE_A,
  peer: NORTH,
  priority: 'routine',
  purpose: 'treatment',
  role: 'receiver',
  studyInstanceUid: study.studyInstanceUid,
} as const;

describe('the ledger', () => {
  let disk: SimulatedDisk;
  let keys: KeyVault;
  beforeEach(() => {
    disk = simDisk();
    const kept = memoryKeys();
    keys = {
      ...kept,
      createKey: async (exchange: typeof EXCHANGE_A) => {
        if ((await kept.key(exchange)) === undefined) kept.add(exchange);
        return (await kept.key(exchange)) as Uint8Array;
      },
      eraseKey: async (exchange: typeof EXCHANGE_A) => kept.erase(exchange),
    } as unknown as KeyVault;
  });

  const open = async (): Promise<{ readonly journal: Journal; readonly ledger: Ledger }> => {
    const clock = stillClock();
    const world = { clock, crypto, disk, host: freshHost(), keys, log: silentLog, random, reserveBytes: 0 };
    const journal = await openJournal({ ...world, folder: '/j' });
    return { journal, ledger: await openLedger({ clock, journal, keys, random }) };
  };

  it('begins one exchange where two streams offer the same new one, and opens again afterwards', async () => {
    const { journal, ledger } = await open();
    const [one, other] = await Promise.all([
      ledger.begin(facts, 'OFFER_SEEN', offer),
      ledger.begin(facts, 'OFFER_SEEN', offer),
    ]);
    expect(other).toBe(one);
    expect(await ledger.begin(facts, 'OFFER_SEEN', offer)).toBe(one);
    await journal.close();
    const again = await open();
    expect(again.ledger.all().map(({ history }) => history.map(({ type }) => type))).toEqual([['OFFER_SEEN']]);
    await again.journal.close();
  });

  it('answers somebody else who uses the number of an exchange as if it were unknown', async () => {
    const { journal, ledger } = await open();
    const stranger = { ...facts, peer: parseMemberId('be-west') };
    const answers = await Promise.all([
      codeOf(ledger.begin(facts, 'OFFER_SEEN', offer)),
      codeOf(ledger.begin(stranger, 'OFFER_SEEN', offer)),
    ]);
    expect(answers).toEqual([undefined, 'TRANSFER_UNKNOWN']);
    await journal.close();
  });

  it('leaves nothing behind of an exchange that may not begin', async () => {
    const { journal, ledger } = await open();
    const refuse = () => {
      throw new RangeError('no');
    };
    await expect(ledger.begin(facts, 'OFFER_SEEN', offer, refuse)).rejects.toThrow('no');
    expect([ledger.all().length, journal.head().seq, await keys.key(EXCHANGE_A)]).toEqual([0, 0, undefined]);
    await journal.close();
  });

  it('still knows after the erasure what it sent to whom, and how many instances there were', async () => {
    const { journal, ledger } = await open();
    const sent = { ...facts, instances: 7, peer: SOUTH, role: 'sender' } as const;
    const because = { by: 'An', kind: 'person' } as const;
    const x = await ledger.begin(sent, 'DISCOVERED', {
      because,
      header,
      instances: 7,
      priority: 'routine',
      purpose: 'treatment',
      receiver: SOUTH,
    });
    await x.record('CANCELLED', { by: 'An', reason: 'a mistake' });
    await x.record('EXPUNGED', {});
    await keys.eraseKey(EXCHANGE_A);
    await journal.close();
    const again = await open();
    const [kept] = again.ledger.ofStudy(study.studyInstanceUid);
    expect(kept?.facts).toEqual(sent);
    expect([kept?.state.has('CANCELLED'), kept?.recorded('DISCOVERED')]).toEqual([true, undefined]);
    await again.journal.close();
  });
});
