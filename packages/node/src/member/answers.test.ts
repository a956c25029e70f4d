import { SAMPLE_PATIENT } from '@interhosp/core/conformance';
import { errorCodeOf } from '@interhosp/core/errors';
import { describe, expect, it } from 'vitest';
import { received } from '../../test/journey/exchanges.ts';
import { mustBeStoppable } from './answers.ts';
import type { LiveExchange } from './live-exchange.ts';

const patient = { ...SAMPLE_PATIENT, patientId: { id: 'P1' } };

async function storing(): Promise<LiveExchange> {
  const { x } = await received(patient, { instances: 1 });
  await x.record('STORING', { alreadyHeld: [], coercionTimeMs: 0, utcOffsetMinutes: 0 });
  return x;
}

function codeOf(x: LiveExchange): string | undefined {
  try {
    mustBeStoppable(x);
    return undefined;
  } catch (error) {
    return errorCodeOf(error);
  }
}

describe('an arrival that is being filed', () => {
  it('may be stopped while it is held because nothing of it could be filed', async () => {
    const x = await storing();
    expect(codeOf(x)).toBe('TRANSFER_STATE');
    await x.record('HELD', { code: 'TRANSFER_STUDY_CONFLICT' });
    expect(codeOf(x)).toBeUndefined();
    await x.record('CANCELLED', { by: 'An', reason: 'refused by the PACS' });
    expect(x.state.isOver).toBe(true);
  });

  it('may not be stopped while it is held with a part of it in the PACS', async () => {
    const x = await storing();
    await x.record('HELD', { code: 'PACS_BUSY' });
    expect(codeOf(x)).toBe('TRANSFER_STATE');
  });

  it('may not be stopped once something of it was stored', async () => {
    const x = await storing();
    await x.record('STORED', { outcomes: [] });
    await x.record('HELD', { code: 'TRANSFER_STUDY_CONFLICT' });
    expect(codeOf(x)).toBe('TRANSFER_STATE');
  });
});
