import { isInterhospError } from '@interhosp/core/errors';
import { parseDigest, parseTransferId } from '@interhosp/core/study';
import { silentLog } from '@interhosp/core/world';
import { describe, expect, it } from 'vitest';
import { admitted, EXCHANGE, typesOf, type Written } from '../../test/journey/exchanges.ts';
import { ManualClock } from '../../test/peer/manual-clock.ts';
import { crypto, memoryKeys, random } from '../../test/storage/worlds.ts';
import { openSpool } from '../spool/index.ts';
import { simDisk } from '../world/simulated-disk.ts';
import { inbound } from './inbound.ts';
import type { InboundPorts } from './ports.ts';

describe('the way in', () => {
  it('asks a person at once, and signs nothing, when the pack of a sealed study is not whole', async () => {
    const written: Written[] = [];
    const x = await admitted(written, {});
    const keys = memoryKeys(EXCHANGE);
    const spool = await openSpool({
      crypto,
      disk: simDisk(),
      folder: '/s',
      keys,
      log: silentLog,
      lowWaterBytes: 0,
      random,
    });
    await (await spool.create(x.id)).close();
    await x.record('RECEIVING', {});
    await x.record('RECONCILING', { decision: {} as never });
    await x.record('LINKED', { by: 'automatic', patient: { patientId: { id: 'P1' } } });
    const ports = {
      clock: new ManualClock(),
      crypto,
      patienceMs: 1000,
      spool,
    } as unknown as InboundPorts;
    const ended = inbound(x, ports, new AbortController().signal).catch((error: unknown) => error);
    await x.record('SEALED', {
      bytes: 1,
      instances: 1,
      manifestRoot: parseDigest('aa'.repeat(32)),
      quarantined: [],
      transferId: parseTransferId('bb'.repeat(32)),
    });
    const error = await ended;
    expect(isInterhospError(error) && [error.code, error.retry]).toEqual(['STORAGE_PACK_DAMAGED', 'no']);
    expect(typesOf(written)).not.toContain('R1_SIGNED');
  });
});
