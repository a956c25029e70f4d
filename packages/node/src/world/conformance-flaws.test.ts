/** What the conformance suites of core say about ports that are broken: each one here breaks one promise. */
import {
  clockConformance,
  cryptoConformance,
  diskConformance,
  logConformance,
  randomConformance,
  signerConformance,
  type TestRunner,
} from '@interhosp/core/conformance';
import type { Clock, Crypto, Disk, DiskFile, Log, Random, SafeFields, Signer } from '@interhosp/core/world';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../test/storage/worlds.ts';
import { ed25519Signer, nodeClock, nodeCrypto, nodeRandom } from './index.ts';
import { simDisk } from './simulated-disk.ts';

type Flawed<T> = readonly (readonly [sentence: string, broken: (port: T) => T])[];

const clocks: Flawed<Clock> = [
  ['now() is a time that a Date can hold', (clock) => ({ ...clock, now: () => 1e18 })],
  ['monotonicMs() never goes back', (clock) => ({ ...clock, monotonicMs: () => 1e6 - clock.monotonicMs() })],
  ['monotonicMs() goes on', (clock) => ({ ...clock, monotonicMs: () => 7 })],
  ['sleep() does not end early', (clock) => ({ ...clock, sleep: (ms, options) => clock.sleep(ms / 2, options) })],
  ['in the order of their times', (clock) => ({ ...clock, sleep: (ms, options) => clock.sleep(100 - ms, options) })],
  [
    'no such time',
    (clock) => ({
      ...clock,
      sleep: (ms, options) => (ms < 0 ? Promise.reject(new Error('no such time')) : clock.sleep(ms, options)),
    }),
  ],
  [
    'more than 2^31 ms does not end at once',
    (clock) => ({ ...clock, sleep: (ms, options) => clock.sleep(ms > 2 ** 31 ? 1 : ms, options) }),
  ],
  ["sleep() throws the signal's reason", (clock) => ({ ...clock, sleep: (ms) => clock.sleep(Math.min(ms, 50)) })],
  [
    'leaves no listener at its signal',
    (clock) => ({
      ...clock,
      sleep: (ms, options) => {
        options?.signal?.addEventListener('abort', () => {});
        return clock.sleep(ms, options);
      },
    }),
  ],
];

const randoms: Flawed<Random> = [
  ['bytes(count) has count bytes', (random) => ({ bytes: (count) => random.bytes(Math.min(count, 65_536)) })],
  ['no draw repeats another', () => ({ bytes: (count) => new Uint8Array(count).fill(7) })],
  ['two sources do not begin alike', () => seededRandom(1)],
  [
    'each draw has its own memory',
    (random) => {
      const pool = random.bytes(262_144);
      return { bytes: (count) => pool.subarray(0, count) };
    },
  ],
  ['bytes are spread evenly', (random) => ({ bytes: (count) => random.bytes(count).map((byte) => byte & 0xfe) })],
];

const cryptos: Flawed<Crypto> = [
  [
    'sha256() is SHA-256',
    (port) => ({ ...port, sha256: () => ({ ...port.sha256(), digest: () => new Uint8Array(32) }) }),
  ],
  [
    'pieces hash as the whole does',
    (port) => ({
      ...port,
      sha256: () => {
        const pieces: Uint8Array[] = [];
        return {
          update(bytes) {
            pieces.push(bytes);
            return this;
          },
          digest: () => pieces.reduce((hash, piece) => hash.update(piece), port.sha256()).digest(),
        };
      },
    }),
  ],
  [
    'a hash cannot be used after its digest',
    (port) => ({
      ...port,
      sha256: () => {
        const hash = port.sha256();
        let digest: Uint8Array | undefined;
        return {
          update(bytes) {
            if (digest === undefined) hash.update(bytes);
            return this;
          },
          digest: () => (digest ??= hash.digest()),
        };
      },
    }),
  ],
  ['a signature of the RFC verifies', (port) => ({ ...port, verifyEd25519: () => false })],
  ['a changed signature does not verify', (port) => ({ ...port, verifyEd25519: () => true })],
  [
    'a signature has no twin',
    (port) => ({
      ...port,
      verifyEd25519: (key, message, signature) =>
        port.verifyEd25519(key, message, signature) || (signature.length === 64 && (signature[63] as number) >= 16),
    }),
  ],
  [
    'can be had without a secret verifies nothing',
    (port) => ({
      ...port,
      verifyEd25519: (key, message, signature) =>
        port.verifyEd25519(key, message, signature) || (key[0] === 1 && signature[0] === 1),
    }),
  ],
  [
    'a key has 32 bytes and a signature 64',
    (port) => ({
      ...port,
      verifyEd25519: (key, message, signature) =>
        port.verifyEd25519(key.subarray(0, 32), message, signature.subarray(0, 64)),
    }),
  ],
  [
    'seal() is ciphertext and tag',
    (port) => ({ ...port, seal: (key, nonce, text) => port.seal(key, nonce, text, key) }),
  ],
  ['a changed key opens nothing', (port) => ({ ...port, open: unauthenticated(port) })],
  ['what is not whole opens nothing', (port) => ({ ...port, open: unauthenticated(port) })],
  [
    'seal() changes nothing in its input',
    (port) => ({
      ...port,
      seal: (key, nonce, plaintext, aad) => {
        const sealed = port.seal(key, nonce, plaintext, aad);
        plaintext.fill(0);
        return sealed;
      },
    }),
  ],
];

/** Takes whatever it is given for what was sealed. */
function unauthenticated(port: Crypto): Crypto['open'] {
  return (key, nonce, sealed, aad) => port.seal(key, nonce, sealed.subarray(0, -16), aad).subarray(0, -16);
}

const signers: Flawed<Signer> = [
  ['keyId is the SHA-256', (port) => ({ ...port, keyId: port.keyId.toUpperCase() })],
  ['a signature has 64 bytes', (port) => ({ ...port, sign: async (text) => (await port.sign(text)).subarray(1) })],
  ['what was signed verifies', (port) => ({ ...port, sign: () => Promise.resolve(new Uint8Array(64)) })],
  ['one message has one signature', (port) => ({ ...port, sign: () => Promise.resolve(nodeRandom().bytes(64)) })],
];

const disks: Flawed<Disk> = [
  ['create fails if the file exists', (disk) => ({ ...disk, open: falling(disk, 'create', 'write') })],
  ['one succeeds', (disk) => ({ ...disk, open: falling(disk, 'create', 'write') })],
  ['write opens an existing file', (disk) => ({ ...disk, open: falling(disk, 'write', 'create') })],
  [
    'cuts nothing off',
    (disk) => ({
      ...disk,
      open: async (path, mode) => {
        const file = await disk.open(path, mode);
        if (mode === 'write') await file.truncate(0);
        return file;
      },
    }),
  ],
  [
    'read opens for reading alone',
    (disk) => ({ ...disk, open: (path, mode) => disk.open(path, mode === 'read' ? 'write' : mode) }),
  ],
  ['up to the end', withFile((file) => ({ read: (into, at) => file.read(into, at === 3 ? 4 : at) }))],
  [
    'writes into its view alone',
    withFile((file) => ({
      read: (into, at) => {
        new Uint8Array(into.buffer).fill(1);
        return file.read(into, at);
      },
    })),
  ],
  [
    'do not move each other',
    withFile((file) => {
      let cursor = 0;
      return {
        read: async (into, at) => {
          cursor = at;
          await Promise.resolve();
          return await file.read(into, cursor);
        },
      };
    }),
  ],
  ['parts follow each other', withFile((file) => ({ write: (parts, at) => file.write(parts.slice(0, 1_024), at) }))],
  [
    'neither cuts nor lengthens',
    withFile((file) => ({
      write: (parts, at) => (parts.every(({ length }) => length === 0) ? file.truncate(at) : file.write(parts, at)),
    })),
  ],
  [
    'can be used again once write() has returned',
    withFile((file) => {
      let late: () => Promise<void> = () => Promise.resolve();
      return {
        write: (parts, at) => {
          late = () => file.write(parts, at);
          return Promise.resolve();
        },
        sync: () => late().then(() => file.sync()),
      };
    }),
  ],
  [
    'what was written is read',
    withFile((file) => ({
      write: (parts, at) =>
        file.write(
          parts.map((part) => (part.length > 1e6 ? part.map(() => 0) : part)),
          at,
        ),
    })),
  ],
  [
    'never as before',
    withFile((file) => ({
      truncate: (size) => (size > 2 ? file.write([Uint8Array.of(3, 4)], 2) : file.truncate(size)),
    })),
  ],
  [
    'closed already',
    withFile((file) => {
      let isClosed = false;
      return {
        close: () => {
          if (isClosed) throw new Error('closed already');
          isClosed = true;
          return file.close();
        },
      };
    }),
  ],
  ['the folders above are made too', (disk) => ({ ...disk, list: () => Promise.resolve([]) })],
  ['list() gives names in order', (disk) => ({ ...disk, list: async (path) => (await disk.list(path)).toReversed() })],
  ['list() of no folder is empty', (disk) => ({ ...disk, list: async (path) => [...(await disk.list(path)), 'x'] })],
  ['nothing else does', (disk) => ({ ...disk, exists: () => Promise.resolve(true) })],
  ['an empty file exists', (disk) => ({ ...disk, exists: () => Promise.resolve(false) })],
  ['the old name is gone', (disk) => ({ ...disk, rename: (from, to) => copied(disk, from, to) })],
  ['one name is left', (disk) => ({ ...disk, rename: (from, to) => copied(disk, from, to) })],
  [
    'rename() is atomic',
    (disk) => ({
      ...disk,
      rename: async (from, to) => {
        await copied(disk, from, to);
        await disk.remove(from);
      },
    }),
  ],
  ['rename() of no file fails', (disk) => ({ ...disk, rename: (from, to) => disk.rename(from, to).catch(() => {}) })],
  ['remove() takes away one file', (disk) => ({ ...disk, remove: () => Promise.resolve() })],
  ['freeBytes() is a number', (disk) => ({ ...disk, freeBytes: () => Promise.resolve(-1) })],
  ['bytes that were synced survive', withFile(() => ({ sync: () => Promise.resolve() }))],
  [
    'a synced folder keeps its names',
    (disk) => ({
      ...disk,
      syncFolder: async (path) => {
        if (!(await disk.exists(`${path}/to`)) || (await disk.exists(`${path}/from`))) await disk.syncFolder(path);
      },
    }),
  ],
  ['happened as a whole or not at all', (disk) => ({ ...disk, rename: (from, to) => copied(disk, from, to) })],
  ['never passed over', withFile((file) => ({ sync: () => file.sync().catch(() => {}) }))],
  [
    'a write without space is STORAGE_FULL',
    withFile((file) => ({ write: (parts, at) => file.write(parts, at).catch(() => {}) })),
  ],
];

/** A disk whose files do some things their own way. */
function withFile(broken: (file: DiskFile) => Partial<DiskFile>): (disk: Disk) => Disk {
  return (disk) => ({
    ...disk,
    open: async (path, mode) => {
      const file = fileCalls(await disk.open(path, mode));
      return { ...file, ...broken(file) };
    },
  });
}

/** Opens in the second mode what does not open in the first. */
function falling(disk: Disk, first: string, second: 'create' | 'write'): Disk['open'] {
  return (path, mode) =>
    mode === first ? disk.open(path, mode).catch(() => disk.open(path, second)) : disk.open(path, mode);
}

/** What a rename is not: cuts the file that is there and writes it anew, in two parts; the old name stays. */
async function copied(disk: Disk, from: string, to: string): Promise<void> {
  const source = await disk.open(from, 'read');
  const bytes = new Uint8Array(await source.sizeBytes());
  await source.read(bytes, 0);
  const target = await disk.open(to, (await disk.exists(to)) ? 'write' : 'create');
  await target.truncate(0);
  await target.write([bytes.subarray(0, bytes.length >> 1)], 0);
  await target.sync();
  await target.write([bytes.subarray(bytes.length >> 1)], bytes.length >> 1);
}

/** The methods of an object of a class, to be spread. */
function diskCalls(disk: Disk): Disk {
  return {
    open: (path, mode) => disk.open(path, mode),
    makeFolder: (path) => disk.makeFolder(path),
    list: (path) => disk.list(path),
    exists: (path) => disk.exists(path),
    rename: (from, to) => disk.rename(from, to),
    remove: (path) => disk.remove(path),
    syncFolder: (path) => disk.syncFolder(path),
    freeBytes: (path) => disk.freeBytes(path),
  };
}

function fileCalls(file: DiskFile): DiskFile {
  return {
    path: file.path,
    sizeBytes: () => file.sizeBytes(),
    read: (into, at) => file.read(into, at),
    write: (parts, at) => file.write(parts, at),
    truncate: (size) => file.truncate(size),
    sync: () => file.sync(),
    close: () => file.close(),
  };
}

/** How a line is made of what a logger was given. */
type Line = (given: { component: string; event: string; fields: SafeFields }) => string;
const allowed = ({ count, reason }: SafeFields) => ({
  ...(typeof count === 'number' && { count }),
  ...(typeof reason === 'string' && /^[a-z]+$/.test(reason) && { reason }),
});
const word = (event: string) => (/^[a-z.-]+$/.test(event) ? event : 'refused');

const logs: readonly (readonly [sentence: string, line: Line])[] = [
  ['a line holds its event and its fields', ({ component, event }) => `${component} ${word(event)}`],
  ['carries the name of its component', ({ event, fields }) => JSON.stringify([word(event), allowed(fields)])],
  ['no line holds what was not of an allowed form', (given) => JSON.stringify(given)],
  ['no line holds', ({ component, event, fields }) => JSON.stringify([component, event, allowed(fields)])],
  [
    'no field can begin a line',
    ({ component, event, fields }) => `${component} ${word(event)} ${fields.count} ${fields.reason}`,
  ],
];

function lineLog(lineOf: Line) {
  const text: string[] = [];
  const made = (component: string): Log => ({
    forComponent: (name) => made(name),
    write: (_, event, fields = {}) => void text.push(...lineOf({ component, event, fields }).split('\n')),
  });
  return { dispose: () => Promise.resolve(), lines: () => Promise.resolve(text), log: made('') };
}

describe('the suites of the world say', () => {
  it.each(clocks)('of a clock: %s', async (sentence, broken) => {
    await says(sentence, (runner) => clockConformance(runner, { name: '', create: () => broken(nodeClock()) }));
  });

  it.each(randoms)('of randomness: %s', async (sentence, broken) => {
    await says(sentence, (runner) => randomConformance(runner, { name: '', create: () => broken(nodeRandom()) }));
  });

  it.each(cryptos)('of crypto: %s', async (sentence, broken) => {
    await says(sentence, (runner) => cryptoConformance(runner, { name: '', create: () => broken(nodeCrypto()) }));
  });

  it.each(signers)('of a signer: %s', async (sentence, broken) => {
    const create = () => Promise.resolve(broken(ed25519Signer(new Uint8Array(32))));
    await says(sentence, (runner) => signerConformance(runner, { name: '', create, crypto: nodeCrypto() }));
  });

  it('of a signer: a seed has the public key of the RFC', async () => {
    const create = () => Promise.resolve(ed25519Signer(new Uint8Array(32)));
    const options = { name: '', create, crypto: nodeCrypto(), fromSeed: create };
    await says('a seed has the public key of the RFC', (runner) => signerConformance(runner, options));
  });

  it.each(disks)('of a disk: %s', async (sentence, broken) => {
    const create = () => {
      const sim = simDisk();
      return Promise.resolve({
        disk: broken(diskCalls(sim)),
        folder: '/data',
        crash: () => sim.crash(),
        failNextSync: () => sim.failAfter(0, 'failed'),
        fill: (freeBytes: number) => void (sim.capacityBytes = 5_000 + freeBytes),
        dispose: () => Promise.resolve(),
      });
    };
    await says(sentence, (runner) => diskConformance(runner, { name: '', create, createFailing: create }));
  });

  it.each(logs)('of a log: %s', async (sentence, line) => {
    await says(sentence, (runner) => logConformance(runner, { name: '', create: async () => lineLog(line) }));
  });
});

async function says(sentence: string, register: (runner: TestRunner) => void): Promise<void> {
  const tests: (() => void | Promise<void>)[] = [];
  register({ describe: (_, body) => body(), it: (_, body) => tests.push(body) });
  const failures: string[] = [];
  for (const test of tests) {
    try {
      await test();
    } catch (error) {
      failures.push((error as Error).message);
    }
  }
  expect(failures.join('\n')).toContain(sentence);
}
