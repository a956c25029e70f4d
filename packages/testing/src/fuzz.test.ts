import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { fromHex, fuzz } from './fuzz.ts';
import { fuzzRandom, mutate, splits } from './fuzz-mutate.ts';

const corpus = [Uint8Array.of(1, 2, 3, 4), new Uint8Array(40).fill(7)];

async function inputsOf(seed: number): Promise<string[]> {
  const inputs: string[] = [];
  await fuzz({
    name: 'inputs',
    corpus,
    runs: 300,
    seed,
    execute: (input) => {
      inputs.push(Buffer.from(input).toString('hex'));
      return `${input.length % 5}`;
    },
  });
  return inputs;
}

it('gives the same inputs for the same seed, and others for another', async () => {
  const first = await inputsOf(1);
  expect(await inputsOf(1)).toEqual(first);
  expect(await inputsOf(2)).not.toEqual(first);
  expect(first.slice(0, 2)).toEqual(corpus.map((input) => Buffer.from(input).toString('hex')));
  expect(new Set(first).size).toBeGreaterThan(200);
});

it('names seed and run of a failure, and shows an input that still fails, made short', async () => {
  const execute = (input: Uint8Array): void => {
    if (input.includes(0xff) && input.length > 3) throw new Error('found');
  };
  const failure = await fuzz({ name: 'eater', corpus, runs: 5_000, seed: 3, execute }).then(
    () => undefined,
    (error: unknown) => error as Error,
  );
  expect(failure?.message).toMatch(/^eater: seed 3, run \d+, 4 bytes \(of \d+\): Error: found\n[0-9a-f]{8}$/);
  const input = fromHex(failure?.message.split('\n')[1] ?? '');
  expect(() => execute(input)).toThrow('found');
});

it('counts what became of the inputs, of those of a promise too', async () => {
  const { outcomes, runs } = await fuzz({
    name: 'outcomes',
    corpus,
    runs: 200,
    execute: async (input) => (input.length > 10 ? 'long' : 'short'),
  });
  expect([...outcomes.keys()].toSorted()).toEqual(['long', 'short']);
  expect([...outcomes.values()].reduce((sum, count) => sum + count, 0)).toBe(runs);
});

it('ends a process in which a run never ends, and shows the input', () => {
  const script = `
    import { fuzz } from ${JSON.stringify(fileURLToPath(new URL('fuzz.ts', import.meta.url)))};
    await fuzz({ name: 'spinner', corpus: [Uint8Array.of(0xab, 0xcd)], runs: 1, seed: 9, hangMs: 200, execute: () => { for (;;); } });
  `;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(child.signal).toBe('SIGKILL');
  expect(child.stderr).toContain('spinner: hangs, seed 9, run 0, 2 bytes\nabcd\n');
});

it('mutates a copy, within the limit, and cuts streams into chunks that join to the whole', () => {
  const bytes = Uint8Array.from({ length: 500 }, (_, index) => index & 0xff);
  const before = bytes.slice();
  for (let seed = 0; seed < 500; seed++) {
    const random = fuzzRandom(seed);
    const options = { maxBytes: 600, others: corpus, dictionary: [Uint8Array.of(9, 9, 9)] };
    expect(mutate(bytes, random, options).length).toBeLessThanOrEqual(600);
    expect(Buffer.concat(splits(bytes, random)).equals(bytes)).toBe(true);
  }
  expect(bytes).toEqual(before);
  expect(mutate(new Uint8Array(0), fuzzRandom(1))).toBeInstanceOf(Uint8Array);
});
