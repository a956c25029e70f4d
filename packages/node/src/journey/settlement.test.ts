import { describe, expect, it } from 'vitest';
import { admitted, typesOf, type Written } from '../../test/journey/exchanges.ts';
import { awaitSettlement } from './settlement.ts';

const { signal } = new AbortController();

describe('the end of a delivery', () => {
  it('asks nobody when it is whole', async () => {
    const written: Written[] = [];
    await awaitSettlement(await admitted(written, {}), false, signal);
    expect(typesOf(written)).not.toContain('HELD');
  });

  it('waits for a person when it is in part, once, also over a restart and after another hold', async () => {
    const written: Written[] = [];
    const x = await admitted(written, {});
    await x.record('HELD', { code: 'TRANSFER_ABANDONED' });
    await x.record('RELEASED', { by: 'tester' });
    let isSettled = false;
    const settling = awaitSettlement(x, true, signal).then(() => (isSettled = true));
    await new Promise((resolve) => setImmediate(resolve));
    expect([x.state.held, isSettled]).toEqual([{ code: 'TRANSFER_PARTIAL' }, false]);
    await x.record('RELEASED', { by: 'tester' });
    await settling;
    await awaitSettlement(x, true, signal);
    expect(typesOf(written).filter((type) => type === 'HELD')).toHaveLength(2);
  });
});
