import type { Uid } from '@interhosp/core/dicom';
import { PacsError } from '@interhosp/core/errors';
import type { OrderStatus, StudySummary } from '@interhosp/core/pacs';
import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../test/peer/manual-clock.ts';
import { keptLog } from '../../test/storage/worlds.ts';
import { isOrderOpen, quietMsOf } from './completeness.ts';

const HOUR_MS = 3_600_000;
const { signal } = new AbortController();
const uid = '1.2.3' as Uid;

function summary(studyDate?: string): StudySummary {
  const patient = { patientId: { id: 'P' } };
  return {
    header: { modalities: ['CT'], patient, studyInstanceUid: uid, ...(studyDate !== undefined && { studyDate }) },
    patient,
    studyInstanceUid: uid,
  };
}

async function orders(status: OrderStatus | 'fails' | undefined, hours: number, study = summary()) {
  const clock = new ManualClock();
  await clock.advance(hours * HOUR_MS);
  const log = keptLog();
  const orderStatus = async (): Promise<OrderStatus> => {
    if (status === 'fails') throw new PacsError('PACS_UNREACHABLE');
    return status ?? 'unknown';
  };
  const source = status === undefined ? {} : { orderStatus };
  const isOpen = await isOrderOpen(study, 0, { clock, log, orderOpenMs: 24 * HOUR_MS, source }, signal);
  return { events: log.lines.map(({ event }) => event), isOpen };
}

describe('the quiet that a study needs', () => {
  const times = { byModalityMs: { CT: 900, DX: 300 }, otherMs: 600 };

  it.each([
    [['CT'], 900],
    [['DX'], 300],
    [['DX', 'SR'], 600],
    [['CT', 'DX', 'SR'], 900],
    [['toString'], 600],
  ])('is that of its slowest modality: %j', (modalities, quietMs) => {
    expect(quietMsOf(modalities, times)).toBe(quietMs);
  });

  it('is the longest there is when the PACS does not name the modalities', () => {
    expect(quietMsOf([], times)).toBe(900);
    expect(quietMsOf([], { byModalityMs: {}, otherMs: 5 })).toBe(5);
  });
});

describe('an order', () => {
  it('that is open keeps a study back', async () => {
    expect(await orders('open', 23)).toEqual({ events: [], isOpen: true });
  });

  it.each(['complete', 'unknown', undefined] as const)('that is %s does not', async (status) => {
    expect(await orders(status, 0)).toEqual({ events: [], isOpen: false });
  });

  it('that is never closed keeps no study back for ever, and the log says so', async () => {
    expect(await orders('open', 24)).toEqual({ events: ['discovery.order.never-closed'], isOpen: false });
  });

  it('is not waited for anew after each restart: the date of the study counts as well', async () => {
    // The clock began on 1 January 1970.
    expect((await orders('open', 1, summary('1969-12-31'))).isOpen).toBe(true);
    expect((await orders('open', 1, summary('1969-12-29'))).isOpen).toBe(false);
  });

  it('that cannot be asked for says nothing', async () => {
    expect(await orders('fails', 0)).toEqual({ events: ['discovery.order.unknown'], isOpen: false });
  });

  it('is not asked for any more when the member stops', async () => {
    const stopped = AbortSignal.abort(new Error('stopping'));
    const source = { orderStatus: () => Promise.reject(new PacsError('PACS_UNREACHABLE')) };
    const ports = { clock: new ManualClock(), log: keptLog(), orderOpenMs: 1, source };
    await expect(isOrderOpen(summary(), 0, ports, stopped)).rejects.toThrow('stopping');
  });
});
