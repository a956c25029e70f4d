import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodeCrypto } from '../../world/crypto.ts';
import { nodeRandom } from '../../world/random.ts';
import { Gate } from './gate.ts';
import { createFastHmac, createKeyHash } from './key-hash.ts';
import { changeKeyRow, readKeySlots, type KeyChange } from './key-row.ts';
import { PendingKeys } from './pending-keys.ts';
import { RecordCache } from './record-cache.ts';
import { rowKey, rowNumber, rowSpace } from './row-keys.ts';
import { createRowSealer, indexSecrets } from './row-seal.ts';

const SECRET = '0123456789abcdef'.repeat(4);

describe('the hash of keys', () => {
  it('is HMAC-SHA256, of any text', () => {
    const fast = createFastHmac(SECRET);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const expected = createHmac('sha256', SECRET).update(text, 'utf8').digest();
        expect(Buffer.from(fast(text), 'latin1').equals(expected)).toBe(true);
      }),
    );
  });

  it('gives the first bits as row and rest', () => {
    const digest = createHmac('sha256', SECRET).update('names!ptrs!mr').digest();
    const { row, rest } = createKeyHash(SECRET).place('names!ptrs!mr');
    expect([row, rest]).toEqual([digest.readUInt32BE(0) >>> 14, digest.readUIntBE(4, 5)]);
  });

  it('takes no secret that is not one block of ASCII', () => {
    for (const secret of ['', 'ab', SECRET.toUpperCase(), `${SECRET}0`]) {
      expect(() => createFastHmac(secret)).toThrow(TypeError);
    }
  });
});

describe('a row of keys', () => {
  it('holds after any changes what a plain map holds', () => {
    const change = fc.record({
      rest: fc.oneof(fc.nat(3), fc.constantFrom(2 ** 32 - 1, 2 ** 32, 2 ** 40 - 1)),
      slot: fc.oneof(fc.nat(40), fc.constantFrom(127, 128, 16_384, 2 ** 31, 2 ** 32 - 1)),
      isRemoval: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(fc.array(change, { maxLength: 12 }), { maxLength: 6 }), (batches) => {
        const expected = new Map<number, Set<number>>();
        let row: Uint8Array | undefined;
        for (const batch of batches) {
          row = changeKeyRow(
            row,
            batch.toSorted((one: KeyChange, other: KeyChange) => one.rest - other.rest),
          );
          for (const { rest, slot, isRemoval } of batch) {
            const slots = expected.get(rest) ?? new Set();
            expected.set(rest, slots);
            if (isRemoval) slots.delete(slot);
            else slots.add(slot);
          }
        }
        for (const [rest, slots] of expected) {
          const found = row === undefined ? undefined : readKeySlots(row, rest);
          expect(found ?? []).toEqual([...slots].sort((one, other) => one - other));
        }
        if ([...expected.values()].every(({ size }) => size === 0)) expect(row).toBeUndefined();
      }),
    );
  });

  it('that ends too early is damaged, wherever it ends', () => {
    const changes = [1, 2].flatMap((rest) => [5, 300].map((slot) => ({ rest, slot, isRemoval: false })));
    const row = changeKeyRow(undefined, changes) as Uint8Array;
    for (let end = 1; end < row.length; end++) {
      if (end === row.length / 2) continue; // One key alone is a row.
      expect(() => readKeySlots(row.subarray(0, end), 2), String(end)).toThrow('STORAGE_INDEX_DAMAGED');
    }
  });
});

describe('keys that wait', () => {
  it('come out by row, in the order they were put', () => {
    const pending = new PendingKeys();
    const put = Array.from({ length: 30_000 }, (_, slot) => ({
      row: ((slot * 7_919) % 2 ** 18) & ~0x3ff,
      rest: (slot % 5) * 2 ** 37 + (slot % 3),
      slot,
      isRemoval: slot % 4 === 0,
    }));
    for (const { row, rest, slot, isRemoval } of put) pending.add({ row, rest }, slot, isRemoval);
    expect(pending.count).toBe(put.length);
    const expected = put.toSorted(
      (one, other) => one.row - other.row || one.rest - other.rest || one.slot - other.slot,
    );
    const taken = [...pending.take()].flatMap(({ row, changes }) => changes.map((change) => ({ row, ...change })));
    expect(taken).toEqual(expected);
    expect(pending.count).toBe(0);
  });
});

describe('opened records in memory', () => {
  it('are those that were put last, and never others', () => {
    const cache = new RecordCache(3 << 20);
    const record = (slot: number) => Buffer.alloc(1_000 + (slot % 7_000), slot % 251);
    for (let slot = 0; slot < 4_000; slot++) cache.put(slot, record(slot));
    let kept = 0;
    for (let slot = 0; slot < 4_000; slot++) {
      const found = cache.get(slot);
      if (found === undefined) continue;
      kept += 1;
      expect(record(slot).equals(found)).toBe(true);
    }
    expect(cache.get(3_999)).toBeDefined();
    expect(cache.get(0)).toBeUndefined();
    expect(kept).toBeGreaterThan(400);
    cache.delete(3_999);
    expect(cache.get(3_999)).toBeUndefined();
  });

  it('may be none', () => {
    const cache = new RecordCache(0);
    cache.put(1, Uint8Array.of(1));
    expect(cache.get(1)).toBeUndefined();
  });
});

describe('a sealed row', () => {
  it('opens under its own key alone, and only as it was sealed', () => {
    const { sealing } = indexSecrets(new Uint8Array(32), 'a');
    const sealer = createRowSealer(sealing, { crypto: nodeCrypto(), random: nodeRandom() });
    const key = rowKey('record', 258);
    const bytes = sealer.seal(key, Buffer.from('patient'));
    expect(Buffer.from(sealer.open(key, bytes)).toString()).toBe('patient');
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Uint8Array.from(bytes);
      flipped[at] = (flipped[at] as number) ^ 1;
      expect(() => sealer.open(key, flipped), String(at)).toThrow('STORAGE_INDEX_DAMAGED');
    }
    expect(() => sealer.open(rowKey('record', 259), bytes)).toThrow('STORAGE_INDEX_DAMAGED');
    expect(() => sealer.open(rowKey('key', 258), bytes)).toThrow('STORAGE_INDEX_DAMAGED');
    expect(indexSecrets(new Uint8Array(32), 'b').sealing).not.toEqual(sealing);
    expect([rowSpace(key), rowNumber(key), rowNumber(rowKey('key', 2 ** 32 - 1))]).toEqual([
      'record',
      258,
      2 ** 32 - 1,
    ]);
  });
});

describe('the gate', () => {
  it('lets a change wait for the questions before it, and questions for the change', async () => {
    const gate = new Gate();
    const order: string[] = [];
    const slow = Promise.withResolvers<void>();
    const first = gate.question(async () => {
      await slow.promise;
      order.push('question before');
    });
    const change = gate.change(async () => void order.push('change'));
    const after = gate.question(async () => void order.push('question after'));
    slow.resolve();
    await Promise.all([first, change, after]);
    expect(order).toEqual(['question before', 'change', 'question after']);
  });

  it('lets go of a question that is aborted while it waits', async () => {
    const gate = new Gate();
    const end = Promise.withResolvers<void>();
    const change = gate.change(() => end.promise);
    const abort = new AbortController();
    const question = gate.question(async () => 'answered', abort.signal);
    const reason = new Error('no longer needed');
    abort.abort(reason);
    await expect(question).rejects.toBe(reason);
    end.resolve();
    await change;
  });
});
