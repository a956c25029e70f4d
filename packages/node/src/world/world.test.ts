import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, open, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StorageError } from '@interhosp/core/errors';
import { sha256, type Clock } from '@interhosp/core/world';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { codeOf, crypto, random, silentLog } from '../../test/storage/worlds.ts';
import { CRASHPOINTS, ed25519Signer, lockFolder, nodeClock, nodeDisk, nodeHost, type Host } from './index.ts';
import { isSoundKey } from './crypto.ts';
import { LOCK_WATCH_MS } from './folder-lock.ts';

const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
const hexOf = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');

describe('crypto', () => {
  it('hashes in pieces as in one (FIPS 180-4, "abc")', () => {
    const expected = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    expect(hexOf(sha256(crypto, Buffer.from('abc')))).toBe(expected);
    expect(hexOf(sha256(crypto, Buffer.from('a'), new Uint8Array(), Buffer.from('bc')))).toBe(expected);
  });

  it('signs and verifies (RFC 8032 7.1, test 2)', async () => {
    const signer = ed25519Signer(bytesOf('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb'));
    expect(hexOf(signer.publicKey)).toBe('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c');
    const signature = await signer.sign(Buffer.of(0x72));
    expect(hexOf(signature)).toBe(
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    );
    expect(signer.keyId).toBe(hexOf(sha256(crypto, signer.publicKey)));
    expect(crypto.verifyEd25519(signer.publicKey, Buffer.of(0x72), signature)).toBe(true);
    expect(crypto.verifyEd25519(signer.publicKey, Buffer.of(0x73), signature)).toBe(false);
    for (let at = 0; at < 64; at++) {
      const altered = signature.slice();
      altered[at] = (altered[at] as number) ^ 1;
      expect(crypto.verifyEd25519(signer.publicKey, Buffer.of(0x72), altered)).toBe(false);
    }
  });

  it('refuses keys of low order, keys that are not canonical and keys that are no point', () => {
    // Under the neutral point, R = neutral and S = 0 would verify for any message.
    const neutral = bytesOf(`01${'00'.repeat(31)}`);
    const forged = Buffer.concat([neutral, Buffer.alloc(32)]);
    const p = (1n << 255n) - 19n;
    const ys = [0n, 1n, p - 1n, p, p + 1n, ...orderEightYs(p)];
    for (const y of ys) {
      for (const sign of [0, 0x80]) {
        const key = littleEndian(y);
        key[31] = (key[31] as number) | sign;
        expect(isSoundKey(key), y.toString(16)).toBe(false);
        for (let n = 0; n < 16; n++)
          expect(crypto.verifyEd25519(key, Buffer.of(n), forged), y.toString(16)).toBe(false);
      }
    }
    expect(ys.length).toBe(7);
    for (const y of [2n, p - 2n, 3n]) expect(isSoundKey(littleEndian(y))).toBe(true);
    expect(crypto.verifyEd25519(littleEndian(2n), Buffer.of(1), forged)).toBe(false);
    expect(crypto.verifyEd25519(new Uint8Array(31), Buffer.of(1), forged)).toBe(false);
    expect(crypto.verifyEd25519(littleEndian(p + 3n), Buffer.of(1), forged)).toBe(false);
  });

  it('verifies under the keys that node makes', () => {
    for (let n = 0; n < 20; n++) {
      const { publicKey } = generateKeyPairSync('ed25519');
      const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(12);
      expect(crypto.verifyEd25519(raw, Buffer.of(n), new Uint8Array(64))).toBe(false);
    }
  });

  it('seals and opens, and opens nothing that was altered', () => {
    const [key, nonce, aad] = [random.bytes(32), random.bytes(12), random.bytes(20)];
    const plaintext = random.bytes(100);
    const sealed = crypto.seal(key, nonce, plaintext, aad);
    expect(sealed.length).toBe(116);
    expect(hexOf(crypto.open(key, nonce, sealed, aad))).toBe(hexOf(plaintext));
    expect(hexOf(Buffer.concat([...crypto.sealParts(key, nonce, plaintext, aad)]))).toBe(hexOf(sealed));
    for (let at = 0; at < sealed.length; at++) {
      const altered = sealed.slice();
      altered[at] = (altered[at] as number) ^ 0x10;
      expect(crypto.open(key, nonce, altered, aad)).toBeUndefined();
    }
    expect(crypto.open(key, nonce, sealed, aad.subarray(1))).toBeUndefined();
    expect(crypto.open(random.bytes(32), nonce, sealed, aad)).toBeUndefined();
    expect(crypto.open(key, random.bytes(12), sealed, aad)).toBeUndefined();
    expect(crypto.open(key, nonce, sealed.subarray(0, 15), aad)).toBeUndefined();
    expect(() => crypto.seal(key, random.bytes(16), plaintext, aad)).toThrow(RangeError);
  });
});

/** y of the points of order 8: doubling gives x² = -y² and so, on the curve -x² + y² = 1 + d x² y², d y⁴ + 2 y² - 1 = 0. */
function orderEightYs(p: bigint): bigint[] {
  const d = mod(-121665n * power(121666n, p - 2n, p), p);
  // y² = (-1 ± sqrt(1 + d)) / d
  const root = squareRoot(mod(1n + d, p), p) as bigint;
  const squares = [root, -root].map((r) => mod((-1n + r) * power(d, p - 2n, p), p));
  return squares.flatMap((square) => {
    const y = squareRoot(square, p);
    return y === undefined ? [] : [y, p - y];
  });
}

function squareRoot(a: bigint, p: bigint): bigint | undefined {
  const candidate = power(a, (p + 3n) / 8n, p);
  const other = mod(candidate * power(2n, (p - 1n) / 4n, p), p);
  return [candidate, other].find((root) => mod(root * root, p) === a);
}

const mod = (a: bigint, p: bigint): bigint => ((a % p) + p) % p;

function power(base: bigint, exponent: bigint, p: bigint): bigint {
  let result = 1n;
  for (let [b, e] = [mod(base, p), exponent]; e > 0n; e >>= 1n, b = mod(b * b, p))
    if ((e & 1n) === 1n) result = mod(result * b, p);
  return result;
}

function littleEndian(value: bigint): Uint8Array {
  return bytesOf(value.toString(16).padStart(64, '0')).reverse();
}

describe('clock', () => {
  it('sleeps, wakes with the reason of a signal, and refuses one that has aborted', async () => {
    const clock = nodeClock();
    await clock.sleep(1);
    const reason = new Error('enough');
    const controller = new AbortController();
    const sleeping = clock.sleep(60_000, { signal: controller.signal });
    controller.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
    await expect(clock.sleep(1, { signal: controller.signal })).rejects.toBe(reason);
  });
});

describe('disk', () => {
  const disk = nodeDisk();
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'disk-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  it('writes many parts at a position and reads them back, short only at the end', async () => {
    const file = await disk.open(join(root, 'f'), 'create');
    const parts = Array.from({ length: 1_500 }, (_, n) => Buffer.alloc(n % 7, n));
    await file.write(parts, 5);
    const whole = Buffer.concat([Buffer.alloc(5), ...parts]);
    expect(await file.sizeBytes()).toBe(whole.length);
    const into = new Uint8Array(whole.length + 10);
    expect(await file.read(into, 0)).toBe(whole.length);
    expect(Buffer.compare(into.subarray(0, whole.length), whole)).toBe(0);
    await file.truncate(3);
    expect(await file.read(into, 0)).toBe(3);
    await file.sync();
    await file.close();
    await file.close();
    await disk.syncFolder(root);
  });

  it('makes files and folders for their owner alone', async () => {
    await disk.makeFolder(join(root, 'a/b'));
    await (await disk.open(join(root, 'a/b/f'), 'create')).close();
    expect((await stat(join(root, 'a/b'))).mode & 0o777).toBe(0o700);
    expect((await stat(join(root, 'a/b/f'))).mode & 0o777).toBe(0o600);
    expect(await disk.permissionsOf(join(root, 'a/b/f'))).toBe(0o600);
    expect(await disk.permissionsOf(join(root, 'none'))).toBeUndefined();
  });

  it('creates only what is not there, opens only what is, and follows no link', async () => {
    const path = join(root, 'f');
    expect(await codeOf(disk.open(path, 'write'))).toBe('STORAGE_FAILED');
    await (await disk.open(path, 'create')).close();
    expect(await codeOf(disk.open(path, 'create'))).toBe('STORAGE_FAILED');
    await symlink(path, join(root, 'link'));
    expect(await codeOf(disk.open(join(root, 'link'), 'write'))).toBe('STORAGE_FAILED');
  });

  it('lists in order, knows what exists, renames over and removes what may not be there', async () => {
    for (const name of ['b', 'a', 'C']) await writeFile(join(root, name), name);
    expect(await disk.list(root)).toEqual(['C', 'a', 'b']);
    expect(await disk.list(join(root, 'none'))).toEqual([]);
    await disk.rename(join(root, 'a'), join(root, 'b'));
    expect(await readFile(join(root, 'b'), 'utf8')).toBe('a');
    expect(await disk.exists(join(root, 'a'))).toBe(false);
    expect(await disk.exists(join(root, 'b/x'))).toBe(false);
    await disk.remove(join(root, 'none'));
    expect(await disk.freeBytes(root)).toBeGreaterThan(0);
    expect(await disk.volumeBytes(root)).toBeGreaterThan(await disk.freeBytes(root));
  });

  it('tells a full disk from a failed one, and names no more than the operation and the errno', async () => {
    const full = await open('/dev/full', 'r+')
      .then((handle) => handle.close())
      .then(() => disk.open('/dev/full', 'write'));
    const error = await full.write([Buffer.of(1)], 0).catch((thrown: unknown) => thrown);
    await full.close();
    expect(error).toBeInstanceOf(StorageError);
    expect(error).toMatchObject({ code: 'STORAGE_FULL', details: { kind: 'write', reason: 'ENOSPC' } });
    const failed = await disk.open(join(root, 'none'), 'read').catch((thrown: unknown) => thrown);
    expect(failed).toMatchObject({ code: 'STORAGE_FAILED', details: { kind: 'open', reason: 'ENOENT' } });
  });
});

describe('folder lock', () => {
  const disk = nodeDisk();
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'lock-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  /** Time that passes at once; `onSleep` is what happens meanwhile. */
  function hastyClock(onSleep: (ms: number) => Promise<void> = () => Promise.resolve()): Clock {
    return {
      ...nodeClock(),
      sleep: async (ms, options) => {
        if (ms !== LOCK_WATCH_MS) return await nodeClock().sleep(600_000, options);
        await onSleep(ms);
      },
    };
  }
  const lock = (host: Host = nodeHost(), clock: Clock = hastyClock()) =>
    lockFolder(root, { disk, clock, random, host, log: silentLog });
  const leave = (owner: object): Promise<void> =>
    writeFile(
      join(root, 'lock'),
      JSON.stringify({ pid: 1, start: '1', boot: 'b', namespace: 'n', token: 't', beat: '1', ...owner }),
    );
  const host: Host = {
    pid: 50,
    boot: 'b',
    namespace: 'n',
    startOf: (pid) => (pid === 1 ? '1' : pid === 50 ? '9' : undefined),
  };

  it('is had once, and again after its release', async () => {
    const held = await lock();
    expect(await codeOf(lock())).toBe('STORAGE_LOCKED');
    await held.release();
    await held.release();
    await (await lock()).release();
    expect(await disk.list(root)).toEqual([]);
  });

  it('is refused while its owner lives, and taken from one that is gone', async () => {
    await leave({});
    expect(await codeOf(lock(host))).toBe('STORAGE_LOCKED');
    for (const gone of [{ pid: 2 }, { start: 'earlier' }, { boot: 'before' }, { pid: 50, start: '9' }]) {
      await leave(gone);
      await (await lock(host)).release();
    }
  });

  it('watches an owner of another container: a beat keeps it, silence loses it', async () => {
    await leave({ namespace: 'other' });
    const beating = hastyClock(() => leave({ namespace: 'other', beat: '2' }));
    expect(await codeOf(lock(host, beating))).toBe('STORAGE_LOCKED');
    await (await lock(host)).release();
  });

  it('takes over a file that was never finished, unless somebody is just writing it', async () => {
    for (const text of ['', '{', 'null', '{"pid":"x"}']) {
      await writeFile(join(root, 'lock'), text);
      expect(
        await codeOf(
          lock(
            host,
            hastyClock(() => leave({})),
          ),
        ),
      ).toBe('STORAGE_LOCKED');
      await writeFile(join(root, 'lock'), text);
      await (await lock(host)).release();
    }
  });

  it('tells an owner that it was succeeded, who then leaves the file alone', async () => {
    let wake: () => void = () => {};
    const clock: Clock = { ...nodeClock(), sleep: () => new Promise((resolve) => (wake = resolve)) };
    const held = await lock(host, clock);
    await leave({ token: 'successor' });
    wake();
    await new Promise((resolve) => held.lost.addEventListener('abort', resolve));
    await held.release();
    expect(await disk.list(root)).toEqual(['lock']);
  });
});

describe('crash points', () => {
  const script = (calls: string): string =>
    `import { crashpoint } from ${JSON.stringify(new URL('./crashpoint.ts', import.meta.url).href)}; ${calls}; console.log('lived');`;
  const run = (armed: string, calls: string) =>
    spawnSync(process.execPath, ['--input-type=module', '-e', script(calls)], {
      env: { ...process.env, INTERHOSP_CRASHPOINT: armed },
      encoding: 'utf8',
    });

  it('are 28', () => {
    expect(Object.keys(CRASHPOINTS)).toEqual(Array.from({ length: 28 }, (_, n) => `C${n + 1}`));
  });

  it('kill at the named point, role and passage, and nowhere else', () => {
    const calls =
      "crashpoint('C2'); crashpoint('C1', 'sender'); crashpoint('C1', 'receiver'); crashpoint('C1', 'receiver')";
    const killed = { C1: true, 'C1:sender': true, 'C1:receiver#2': true, 'C1#3': true };
    const lived = { '': false, C3: false, 'C1:sender#2': false, 'C1#4': false };
    for (const [armed, dies] of Object.entries({ ...killed, ...lived })) {
      const { signal, stdout } = run(armed, calls);
      expect([signal, stdout.includes('lived')], armed).toEqual(dies ? ['SIGKILL', false] : [null, true]);
    }
  });

  it('refuse a name that is none, so that no test passes without having killed', () => {
    for (const armed of ['C29', 'C0', 'c1', 'C1:both', 'C1#0', 'C1 ']) {
      expect(run(armed, '').status, armed).toBe(1);
    }
  });
});
