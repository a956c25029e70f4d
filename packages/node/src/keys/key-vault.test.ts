import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { codeOf, crypto, dice, EXCHANGE_A, EXCHANGE_B, random, silentLog } from '../../test/storage/worlds.ts';
import { nodeDisk } from '../world/disk.ts';
import { simDisk, type SimulatedDisk } from '../world/simulated-disk.ts';
import {
  createKeyVault,
  newPassphrase,
  openKeyVault,
  readPassphrase,
  SCRYPT_COST,
  type KeyVaultOptions,
} from './index.ts';

const passphrase = Buffer.from('correct horse battery');
const cost = { log2N: 4, r: 8, p: 1 };

function options(disk: KeyVaultOptions['disk'], more: Partial<KeyVaultOptions> = {}): KeyVaultOptions {
  return { disk, folder: '/k', passphrase, crypto, random, log: silentLog, cost, ...more };
}

const hex = (bytes: Uint8Array | undefined): string | undefined =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString('hex');

describe('key vault', () => {
  let disk: SimulatedDisk;
  beforeEach(() => {
    disk = simDisk();
  });

  it('gives the same identity, records key and exchange keys back', async () => {
    const vault = await createKeyVault(options(disk));
    const key = await vault.createKey(EXCHANGE_A);
    const signature = await vault.identity.sign(Buffer.from('m'));
    const again = await openKeyVault(options(disk));
    expect(hex(await again.key(EXCHANGE_A))).toBe(hex(key));
    expect(hex(again.recordsKey)).toBe(hex(vault.recordsKey));
    expect(hex(again.identitySeed)).toBe(hex(vault.identitySeed));
    expect(again.identity.keyId).toBe(vault.identity.keyId);
    expect(crypto.verifyEd25519(again.identity.publicKey, Buffer.from('m'), signature)).toBe(true);
    expect(await again.exchanges()).toEqual([EXCHANGE_A]);
    expect(await again.key(EXCHANGE_B)).toBeUndefined();
  });

  it('makes one key for an exchange however often it is asked', async () => {
    const vault = await createKeyVault(options(disk));
    const made = await Promise.all([vault.createKey(EXCHANGE_A), vault.createKey(EXCHANGE_A), vault.key(EXCHANGE_A)]);
    expect(new Set(made.map(hex)).size).toBe(1);
  });

  it('never overwrites an identity', async () => {
    await createKeyVault(options(disk));
    expect(await codeOf(createKeyVault(options(disk)))).toBe('CONFIG_EXISTS');
    await disk.remove('/k/vault.key');
    expect(await codeOf(createKeyVault(options(disk)))).toBe('CONFIG_EXISTS');
    expect(await codeOf(openKeyVault(options(disk)))).toBe('CONFIG_UNREADABLE');
  });

  it('refuses a wrong passphrase, and takes a new one in place of the old', async () => {
    const vault = await createKeyVault(options(disk));
    const other = Buffer.from('another passphrase');
    expect(await codeOf(openKeyVault(options(disk, { passphrase: other })))).toBe('CONFIG_PASSPHRASE');
    const key = await vault.createKey(EXCHANGE_A);
    await vault.changePassphrase(other);
    expect(await codeOf(openKeyVault(options(disk)))).toBe('CONFIG_PASSPHRASE');
    const again = await openKeyVault(options(disk, { passphrase: other }));
    expect(hex(await again.key(EXCHANGE_A))).toBe(hex(key));
  });

  it('erases a key for good: no file holds its bytes, and it is undefined from then on', async () => {
    const vault = await createKeyVault(options(disk));
    await vault.createKey(EXCHANGE_A);
    const sealed = disk.files().get(`/k/${EXCHANGE_A}.key`) as Uint8Array;
    await vault.eraseKey(EXCHANGE_A);
    await vault.eraseKey(EXCHANGE_A);
    expect(await vault.key(EXCHANGE_A)).toBeUndefined();
    expect([...disk.files().keys()].sort()).toEqual(['/k/identity.key', '/k/records.key', '/k/vault.key']);
    for (const bytes of disk.files().values())
      expect(Buffer.from(bytes).includes(Buffer.from(sealed.subarray(40, 72)))).toBe(false);
    disk.crash();
    const again = await openKeyVault(options(disk));
    expect(await again.key(EXCHANGE_A)).toBeUndefined();
  });

  it('notices every flipped byte and every cut of every file', async () => {
    const vault = await createKeyVault(options(disk));
    await vault.createKey(EXCHANGE_A);
    for (const [path, bytes] of disk.files()) {
      for (let at = 0; at < bytes.length; at++) {
        const flipped = bytes.slice();
        flipped[at] = (flipped[at] as number) ^ (1 << (at % 8));
        for (const harmed of [flipped, bytes.slice(0, at), at === 0 ? Buffer.concat([bytes, Buffer.of(0)]) : flipped]) {
          const damaged = disk.clone();
          damaged.put(path, harmed);
          const code = await codeOf(openKeyVault(options(damaged)).then((opened) => opened.key(EXCHANGE_A)));
          expect(['STORAGE_KEY_DAMAGED', 'STORAGE_VERSION'], `${path} ${at}`).toContain(code);
        }
      }
    }
  });

  it('does not take one key file for another', async () => {
    const vault = await createKeyVault(options(disk));
    await vault.createKey(EXCHANGE_A);
    await vault.createKey(EXCHANGE_B);
    const names = [EXCHANGE_A, EXCHANGE_B].map((exchange) => `/k/${exchange}.key`) as [string, string];
    const swapped = disk.clone();
    swapped.put(names[0], disk.files().get(names[1]) as Uint8Array);
    const again = await openKeyVault(options(swapped));
    expect(await codeOf(again.key(EXCHANGE_A))).toBe('STORAGE_KEY_DAMAGED');
    swapped.put('/k/records.key', disk.files().get('/k/identity.key') as Uint8Array);
    expect(await codeOf(openKeyVault(options(swapped)))).toBe('STORAGE_KEY_DAMAGED');
  });

  for (const fault of ['crash', 'failed', 'full'] as const) {
    it(`has a key whole or not at all, and never again once it was erased, when any call is hit by: ${fault}`, async () => {
      await createKeyVault(options(disk));
      for (let at = 0; at < 24; at++) {
        for (const seed of [0, 1, 2, 3]) {
          const hit = disk.clone();
          const done = { created: undefined as string | undefined, erased: false };
          const work = async (): Promise<void> => {
            const vault = await openKeyVault(options(hit));
            hit.failAfter(at, fault, seed === 0 ? () => 1 : dice(at * 5 + seed));
            await vault.createKey(EXCHANGE_B);
            done.created = hex(await vault.createKey(EXCHANGE_A));
            await vault.eraseKey(EXCHANGE_B);
            done.erased = true;
          };
          await work().catch(() => {});
          hit.failAfter(Infinity, fault);
          if (seed % 2 === 1) hit.crash(dice(at + seed));
          const again = await openKeyVault(options(hit));
          const isLeftOver = (name: string): boolean => name.endsWith('.new') || name.endsWith('.erasing');
          expect([...hit.files().keys()].filter(isLeftOver), `${at} ${seed}`).toEqual([]);
          const [keyA, keyB] = [hex(await again.key(EXCHANGE_A)), hex(await again.key(EXCHANGE_B))];
          if (done.created !== undefined) expect(keyA, `${at} ${seed}`).toBe(done.created);
          if (done.erased) expect(keyB, `${at} ${seed}`).toBeUndefined();
        }
      }
    });
  }
});

describe('key vault on a real disk', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'keys-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  it('keeps its files from others, and refuses to start when one of them, or the folder, is open to others', async () => {
    const disk = nodeDisk();
    const folder = join(root, 'keys');
    const vault = await createKeyVault(options(disk, { folder }));
    await vault.createKey(EXCHANGE_A);
    const paths = [folder, ...(await disk.list(folder)).map((name) => join(folder, name))];
    for (const path of paths) {
      const permissions = await disk.permissionsOf(path);
      expect((permissions ?? 0) & 0o077, path).toBe(0);
      for (const bit of [0o040, 0o004, 0o020, 0o002]) {
        await chmod(path, (permissions ?? 0) | bit);
        const use = async (): Promise<unknown> => (await openKeyVault(options(disk, { folder }))).key(EXCHANGE_A);
        expect(await codeOf(use()), `${path} ${bit}`).toBe('CONFIG_KEY_EXPOSED');
        await chmod(path, permissions ?? 0);
      }
    }
    expect(await codeOf(openKeyVault(options(disk, { folder })))).toBeUndefined();
  });

  it('takes a passphrase file of its owner alone, without the line break, neither too short nor too long', async () => {
    const path = join(root, 'passphrase');
    const read = async (text: string, mode = 0o600): Promise<string | undefined> => {
      await rm(path, { force: true });
      await writeFile(path, text, { mode });
      await chmod(path, mode);
      return await readPassphrase(path, nodeDisk()).then(
        (bytes) => Buffer.from(bytes).toString(),
        (error: { code: string }) => error.code,
      );
    };
    expect(await read('twelve bytes\n')).toBe('twelve bytes');
    expect(await read('twelve bytes\r\n')).toBe('twelve bytes');
    expect(await read('twelve byté')).toBe('twelve byté');
    expect(await read('eleven byte\n')).toBe('CONFIG_PASSPHRASE');
    expect(await read('x'.repeat(200))).toBe('x'.repeat(200));
    expect(await read('x'.repeat(201))).toBe('CONFIG_PASSPHRASE');
    expect(await read('twelve bytes', 0o640)).toBe('CONFIG_KEY_EXPOSED');
    expect(await read('twelve bytes', 0o604)).toBe('CONFIG_KEY_EXPOSED');
    await rm(path);
    expect(await codeOf(readPassphrase(path, nodeDisk()))).toBe('CONFIG_UNREADABLE');
    expect(newPassphrase(random)).toMatch(/^[A-Za-z0-9_-]{43}\n$/);
  });

  it('guards the master key with the full cost unless a test says otherwise', async () => {
    const { log2N, r, p } = SCRYPT_COST;
    expect(128 * 2 ** log2N * r * p).toBeGreaterThanOrEqual(128 * 1024 * 1024);
    const folder = join(root, 'keys');
    const { cost: _cheap, ...full } = options(nodeDisk(), { folder });
    await createKeyVault(full);
    expect([...(await readFile(join(folder, 'vault.key'))).subarray(8, 13)]).toEqual([1, 1, log2N, r, p]);
  });
});
