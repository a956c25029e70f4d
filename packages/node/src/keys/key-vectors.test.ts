// The key files that the specification shows: written here byte for byte, opened from their bytes, and by its text alone.
import { createDecipheriv, createHash, scryptSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { bytesOf, countedRandom, hexOf, keptVectors, putFile } from '../../test/storage/vectors.ts';
import { crypto, EXCHANGE_A, silentLog } from '../../test/storage/worlds.ts';
import { simDisk } from '../world/simulated-disk.ts';
import { createKeyVault, openKeyVault, type KeyVaultOptions } from './index.ts';

const PASSPHRASE = 'correct horse battery';

const options = (disk: KeyVaultOptions['disk']): KeyVaultOptions => ({
  // Cheap, since a vector proves the layout and not the cost.
  cost: { log2N: 4, p: 1, r: 8 },
  crypto,
  disk,
  folder: '/k',
  log: silentLog,
  passphrase: Buffer.from(PASSPHRASE),
  random: countedRandom(),
});

interface Vectors {
  readonly passphrase: string;
  readonly files: readonly { readonly file: string; readonly hex: string; readonly secret: string }[];
}

async function made(): Promise<Vectors> {
  const disk = simDisk();
  const vault = await createKeyVault(options(disk));
  const key = await vault.createKey(EXCHANGE_A);
  // The first bytes drawn.
  const masterKey = new Uint8Array(32).fill(1);
  const secrets = { [`${EXCHANGE_A}.key`]: key, 'identity.key': vault.identitySeed, 'records.key': vault.recordsKey };
  const files = Object.entries({ 'vault.key': masterKey, ...secrets }).map(([file, secret]) => ({
    file,
    hex: hexOf(disk.files().get(`/k/${file}`) ?? new Uint8Array()),
    secret: hexOf(secret),
  }));
  return { files, passphrase: PASSPHRASE };
}

function unsealed(bytes: Buffer, aadBytes: number, end: number, key: Uint8Array): string {
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(aadBytes, aadBytes + 12));
  decipher.setAAD(bytes.subarray(0, aadBytes)).setAuthTag(bytes.subarray(end - 16, end));
  return hexOf(Buffer.concat([decipher.update(bytes.subarray(aadBytes + 12, end - 16)), decipher.final()]));
}

describe('key files', () => {
  it('are the bytes that the specification shows', async () => {
    const vectors = await made();
    expect(keptVectors('keys', vectors)).toEqual(vectors);
  });

  it('are opened from the bytes that the specification shows', async () => {
    const { files } = keptVectors('keys', await made());
    const disk = simDisk();
    await disk.makeFolder('/k');
    for (const { file, hex } of files) await putFile(disk, `/k/${file}`, bytesOf(hex));
    const vault = await openKeyVault(options(disk));
    const secrets = new Map(files.map(({ file, secret }) => [file, secret]));
    expect(hexOf((await vault.key(EXCHANGE_A)) ?? new Uint8Array())).toBe(secrets.get(`${EXCHANGE_A}.key`));
    expect(hexOf(vault.identitySeed)).toBe(secrets.get('identity.key'));
    expect(hexOf(vault.recordsKey)).toBe(secrets.get('records.key'));
  });

  it('open by the specification alone', async () => {
    const { files, passphrase } = keptVectors('keys', await made());
    const [vault, ...sealed] = files;
    const bytes = bytesOf(vault?.hex ?? '');
    expect([bytes.length, bytes.subarray(0, 8).toString('latin1')]).toEqual([124, 'IHVLT\r\n\x1a']);
    const [version, kind, log2N = 0, r = 0, p = 0] = bytes.subarray(8);
    expect([version, kind]).toEqual([1, 1]);
    expect(hexOf(bytes.subarray(92))).toBe(createHash('sha256').update(bytes.subarray(0, 92)).digest('hex'));
    const wrapping = scryptSync(passphrase, bytes.subarray(16, 32), 32, { N: 2 ** log2N, p, r });
    const masterKey = unsealed(bytes, 32, 92, wrapping);
    expect(masterKey).toBe(vault?.secret);
    expect(sealed.map(({ hex }) => [bytesOf(hex)[9], hexOf(bytesOf(hex).subarray(12, 28))])).toEqual([
      [1, EXCHANGE_A],
      [3, '00'.repeat(16)],
      [2, '00'.repeat(16)],
    ]);
    for (const { hex, secret } of sealed) {
      const file = bytesOf(hex);
      expect([file.length, file.subarray(0, 8).toString('latin1'), file[8]]).toEqual([88, 'IHKEY\r\n\x1a', 1]);
      expect(unsealed(file, 28, 88, bytesOf(masterKey))).toBe(secret);
    }
  });
});
