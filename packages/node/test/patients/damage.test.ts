/** What the disk may do to a registry: flip bytes, run full, hold another version, be read by a stranger. */
import { randomBytes } from 'node:crypto';
import { cp, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorCodeOf } from '@interhosp/core/errors';
import { createPatientIndex, NATIONAL_NUMBER_RULES } from '@interhosp/core/patients';
import type { LocalPatient } from '@interhosp/core/study';
import { fuzzRuns, generatePopulation, mountSmallDisk } from '@interhosp/testing';
import { Level } from 'level';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DiskRegistry } from '../../src/store/patients/index.ts';
import { keptLog } from '../storage/worlds.ts';
import { listed, registryIn } from './registries.ts';

const { registry: PATIENTS, arrivals: ARRIVALS } = generatePopulation({ seed: 'damage', registry: 60, arrivals: 40 });
const MEMORY = createPatientIndex(PATIENTS);

let root: string;
let folder: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'interhosp-patients-'));
  folder = join(root, 'index');
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function filled(patients: readonly LocalPatient[] = PATIENTS): Promise<void> {
  const registry = registryIn(folder);
  await registry.start();
  await registry.replaceAll(listed(patients));
  await registry.apply([{ kind: 'merge', patientId: 'gone', into: 'R0000001' }]);
  await registry.stop();
}

/** A table whose place in the file is wrong cannot even be read. */
const REFUSALS: readonly string[] = ['STORAGE_INDEX_DAMAGED', 'STORAGE_FAILED'];

/** As a feed does: what could not be written is written again. */
async function filledAgain(registry: DiskRegistry): Promise<void> {
  const fill = async () => {
    await registry.replaceAll(listed(PATIENTS));
    await registry.apply([{ kind: 'merge', patientId: 'gone', into: 'R0000001' }]);
  };
  await fill().catch(async (error: unknown) => {
    if (!REFUSALS.includes(errorCodeOf(error) ?? '')) throw error;
    await fill();
  });
}

/** Whether it answers all as it should; false when it says that it cannot, anything else fails. */
async function answers(registry: DiskRegistry, title: string): Promise<boolean> {
  try {
    for (const { patient } of ARRIVALS) {
      expect(ids(await registry.candidates(patient)), title).toEqual(ids(MEMORY.candidates(patient)));
    }
    for (const { patientId } of PATIENTS) {
      expect(await registry.get(patientId.id), title).toEqual(MEMORY.get(patientId.id));
    }
    expect(await registry.currentId('gone'), title).toBe('R0000001');
    expect(await registry.size(), title).toBe(PATIENTS.length);
    return true;
  } catch (error) {
    if (REFUSALS.includes(errorCodeOf(error) ?? '')) return false;
    throw error;
  }
}

function ids(patients: readonly LocalPatient[]): readonly string[] {
  return patients.map(({ patientId }) => patientId.id).sort();
}

describe('a registry of which a byte was flipped', () => {
  it('answers as it should or says that it cannot, whatever byte of its files it was', async () => {
    await filled();
    const original = join(root, 'original');
    await cp(folder, original, { recursive: true });
    let [flips, silent, refused] = [0, 0, 0];
    for (const name of await readdir(original)) {
      if (name === 'LOCK' || name.startsWith('LOG')) continue;
      const bytes = await readFile(join(original, name));
      for (let at = 0; at < bytes.length; at += Math.max(1, Math.ceil(bytes.length / fuzzRuns(16, 1_500)))) {
        await rm(folder, { recursive: true });
        await cp(original, folder, { recursive: true });
        const flipped = Buffer.from(bytes);
        flipped[at] = (flipped[at] as number) ^ (1 << (at % 8));
        await writeFile(join(folder, name), flipped);
        const log = keptLog();
        const registry = registryIn(folder, { log, cacheBytes: 0 });
        await registry.start();
        const isAnswered = await answers(registry, `${name} ${at}`);
        flips += 1;
        if (!isAnswered) refused += 1;
        else if (log.lines.length === 0) silent += 1;
        // A feed that brings everybody mends what can be mended.
        await filledAgain(registry);
        expect(await answers(registry, `${name} ${at}, filled again`)).toBe(true);
        await registry.stop();
      }
    }
    expect(refused).toBeGreaterThan(0);
    // Most flips must have mattered, or this shows nothing.
    expect(silent).toBeLessThan(flips * 0.7);
  });

  it('notices a row that LevelDB lost or gives back as it was, and makes keys anew from the records', async () => {
    await filled();
    const log = keptLog();
    await harm(async (level) => {
      for (const [key] of (await level.iterator().all()).filter(([key]) => key[0] === 0x6b).slice(0, 5))
        await level.del(key);
    });
    const registry = registryIn(folder, { log });
    await registry.start();
    expect(log.lines).toContainEqual({ event: 'patients.index.rebuilding', fields: { reason: 'damaged' } });
    expect(await answers(registry, 'lost keys')).toBe(true);
    await registry.stop();
  });

  it('answers nobody once a record is lost, until all came again or the loss was accepted', async () => {
    for (const mend of ['list', 'accept'] as const) {
      await rm(folder, { recursive: true, force: true });
      await filled();
      await harm(async (level) => {
        const [key] = (await level.keys().all()).filter((one) => one[0] === 0x72);
        if (key !== undefined) await level.del(key);
      });
      const registry = registryIn(folder);
      for (let start = 0; start < 2; start++) {
        await registry.start();
        await expect(registry.candidates({ nationalNumber: '85073003328' })).rejects.toThrow('STORAGE_INDEX_DAMAGED');
        await expect(registry.get('R0000009')).rejects.toThrow('STORAGE_INDEX_DAMAGED');
        if (start === 0) await registry.stop();
      }
      if (mend === 'list') await registry.replaceAll(listed(PATIENTS));
      else
        expect(await registry.rebuild({ acceptLoss: true })).toEqual({
          patients: PATIENTS.length - 1,
          lost: 0,
          wasIncomplete: true,
        });
      expect(await registry.size()).toBe(PATIENTS.length - (mend === 'list' ? 0 : 1));
      expect(await registry.get('R0000009')).toBeDefined();
      await registry.stop();
    }
  });

  it('makes itself anew while it runs, and tells those who wait', async () => {
    await filled();
    const rows: Uint8Array[] = [];
    await harm(async (level) => {
      for await (const [key, value] of level.iterator()) if (key[0] === 0x6b) rows.push(value);
    });
    const registry = registryIn(folder);
    await registry.start();
    const told = new Promise<void>((resolve) => registry.onChange(resolve));
    // In place: LevelDB has its tables mapped into memory, and finds there what the disk turned the bytes into.
    for (const name of (await readdir(folder)).filter((one) => one.endsWith('.ldb'))) {
      const bytes = await readFile(join(folder, name));
      await using file = await open(join(folder, name), 'r+');
      for (const row of rows) {
        const at = bytes.indexOf(row);
        if (at >= 0) await file.write(Buffer.from([(row[20] as number) ^ 1]), 0, 1, at + 20);
      }
    }
    expect(await answers(registry, 'altered beneath it')).toBe(false);
    await told;
    expect(await answers(registry, 'made anew')).toBe(true);
    await registry.stop();
  });

  async function harm(work: (level: Level<Uint8Array, Uint8Array>) => Promise<void>): Promise<void> {
    const level = new Level<Uint8Array, Uint8Array>(folder, { keyEncoding: 'view', valueEncoding: 'view' });
    await work(level);
    await level.close();
  }
});

describe('a registry of another version', () => {
  it('is made anew from its records when its keys are made otherwise', async () => {
    await filled();
    const log = keptLog();
    const registry = registryIn(folder, { log, rules: 'unchecked' });
    await registry.start();
    expect(log.lines[0]).toEqual({ event: 'patients.index.rebuilding', fields: { reason: 'version' } });
    const memory = createPatientIndex(PATIENTS, { rules: NATIONAL_NUMBER_RULES.unchecked });
    for (const { patient } of ARRIVALS) {
      expect(ids(await registry.candidates(patient))).toEqual(ids(memory.candidates(patient)));
    }
    await registry.stop();
  });

  it('is emptied under another key of the node, and answers nobody before it was filled', async () => {
    await filled();
    const registry = registryIn(folder, { recordsKey: new Uint8Array(32).fill(8) });
    await registry.start();
    await expect(registry.candidates({})).rejects.toThrow('STORAGE_INDEX_DAMAGED');
    await registry.replaceAll(listed(PATIENTS));
    await registry.apply([{ kind: 'merge', patientId: 'gone', into: 'R0000001' }]);
    expect(await answers(registry, 'filled again')).toBe(true);
    await registry.stop();
  });
});

describe('the folder of a registry', () => {
  it('tells nobody a name, a number or an ID', async () => {
    const secret = (n: number) => `Zyx${randomBytes(6).toString('hex')}${n}`;
    const names = Array.from({ length: 40 }, (_, index) => secret(index));
    await filled(
      names.map((family, index) => ({
        patientId: { id: `id${family}`, issuer: 'URN:HERE' },
        name: { alphabetic: { family, given: family, middle: '', prefix: '', suffix: '' } },
        nationalNumber: `850730033${String(index).padStart(2, '0')}`,
        birthDate: '1985-07-30',
        phone: '+32475123456',
      })),
    );
    for (const name of await readdir(folder)) {
      const text = (await readFile(join(folder, name))).toString('latin1').toLowerCase();
      for (const told of [...names, ...names.map((one) => `id${one}`), '850730033', '1985-07-30', '75123456']) {
        expect(text.includes(told.toLowerCase()), `${name} tells`).toBe(false);
      }
    }
  });
});

describe('a registry on a disk that runs full', () => {
  it('says so, keeps what it had, and goes on when there is room again', async () => {
    await using disk = await mountSmallDisk(3_000_000);
    const registry = registryIn(join(disk.folder, 'index'));
    await registry.start();
    let made = 0;
    let code: string | undefined;
    while (code === undefined && made < 5_000) {
      const patient = { ...(PATIENTS[made % 60] as LocalPatient), patientId: { id: `F${made}` } };
      code = await registry.apply([{ kind: 'put', patient }]).then(
        () => undefined,
        (error: unknown) => errorCodeOf(error) ?? String(error),
      );
      if (code === undefined) made += 1;
    }
    expect(code).toBe('STORAGE_FULL');
    await disk.resize(60_000_000);
    await registry.apply([{ kind: 'put', patient: { ...(PATIENTS[0] as LocalPatient), patientId: { id: 'after' } } }]);
    for (let index = 0; index < made; index++) expect(await registry.get(`F${index}`)).toBeDefined();
    expect(await registry.get('after')).toBeDefined();
    // The one that was refused may be there: whether its writing took effect was unknown.
    expect((await registry.size()) - made - 1).toBeLessThanOrEqual(1);
    await registry.stop();
  });
});
