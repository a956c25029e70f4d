import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nodeCrypto } from '../../test/node-crypto.ts';
import { parseUid } from '../dicom/uid.ts';
import { errorCodeOf } from '../errors/index.ts';
import { jcs, type JsonValue } from '../federation/jcs.ts';
import { parseMemberId, type Digest } from './identifiers.ts';
import {
  manifestEntryBytes,
  manifestRootOf,
  MAX_INSTANCES,
  MAX_MANIFEST_BYTES,
  sortManifest,
  transferIdOf,
  type ManifestEntry,
  type TransferIdentity,
} from './manifest.ts';

const VECTORS = new URL('../../../../docs/protocol/vectors/manifest.json', import.meta.url);
/** Set it to write the vectors anew; they are part of the protocol and never change. */
const isWriting = process.env['INTERHOSP_WRITE_VECTORS'] === '1';

const entry = (sop: string, changes: Partial<ManifestEntry> = {}): ManifestEntry => ({
  seriesInstanceUid: parseUid('1.2.3.1'),
  sopInstanceUid: parseUid(sop),
  sopClassUid: parseUid('1.2.840.10008.5.1.4.1.1.2'),
  transferSyntaxUid: parseUid('1.2.840.10008.1.2.1'),
  lengthBytes: 1_100_000,
  segments: [
    { kind: 'header', lengthBytes: 1_024 },
    { kind: 'pixel', lengthBytes: 1_098_976 },
  ],
  digest: 'd0'.repeat(32) as Digest,
  ...changes,
});
// 1.2.3.1.10 comes before 1.2.3.1.9: bytes are compared, not numbers.
const MANIFEST = [
  entry('1.2.3.1.9'),
  entry('1.2.3.1.10', { digest: 'd1'.repeat(32) as Digest }),
  entry('1.2.3.1.2', { lengthBytes: 0, segments: [], transferSyntaxUid: parseUid('1.2.840.10008.1.2') }),
];
const IDENTITY: TransferIdentity = {
  federationId: 'f0'.repeat(32),
  sender: parseMemberId('be-north'),
  receiver: parseMemberId('be-south'),
  studyInstanceUid: parseUid('1.2.3'),
  manifestRoot: 'c4'.repeat(32) as Digest,
  purpose: 'treatment',
};
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const codeOf = (act: () => unknown) => {
  try {
    act();
  } catch (error) {
    return errorCodeOf(error) ?? error;
  }
  return 'accepted';
};

describe('a manifest', () => {
  it('is what the specification shows', () => {
    const vectors = {
      entries: sortManifest(MANIFEST).map((one) => text(manifestEntryBytes(one))),
      root: manifestRootOf(MANIFEST, nodeCrypto),
      rootOfNothing: manifestRootOf([], nodeCrypto),
      transfer: IDENTITY,
      transferId: transferIdOf(IDENTITY, nodeCrypto),
    };
    if (isWriting) writeFileSync(VECTORS, `${JSON.stringify(vectors, undefined, 2)}\n`);
    expect(JSON.parse(readFileSync(VECTORS, 'utf8'))).toEqual(vectors);
  });

  it('is computed by the specification alone from its text', () => {
    const { entries, root, transferId } = JSON.parse(readFileSync(VECTORS, 'utf8')) as {
      readonly entries: readonly [string, string, string];
      readonly root: string;
      readonly transferId: string;
    };
    const sha = (...parts: readonly Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest();
    const [one, two, three] = entries.map((line) => sha(Buffer.of(0), Buffer.from(line))) as [Buffer, Buffer, Buffer];
    expect(sha(Buffer.of(1), sha(Buffer.of(1), one, two), three).toString('hex')).toBe(root);
    const identity =
      `{"federation":"${'f0'.repeat(32)}","manifest":"${'c4'.repeat(32)}","purpose":"treatment",` +
      '"receiver":"be-south","sender":"be-north","study":"1.2.3"}';
    expect(sha(Buffer.from(`interhosp/transfer-id@1\n${identity}`)).toString('hex')).toBe(transferId);
  });

  it('writes entries as canonical JSON', () => {
    for (const one of MANIFEST) {
      const bytes = manifestEntryBytes(one);
      expect(jcs(JSON.parse(text(bytes)) as JsonValue)).toEqual(bytes);
    }
  });

  it('does not tell in which order instances were retrieved', () => {
    const root = manifestRootOf(MANIFEST, nodeCrypto);
    fc.assert(
      fc.property(fc.shuffledSubarray(MANIFEST, { minLength: 3 }), (shuffled) => {
        expect(manifestRootOf(shuffled, nodeCrypto)).toBe(root);
      }),
    );
    expect(sortManifest(MANIFEST).map(({ sopInstanceUid }) => sopInstanceUid)).toEqual([
      '1.2.3.1.10',
      '1.2.3.1.2',
      '1.2.3.1.9',
    ]);
  });

  it.each<[string, Partial<ManifestEntry>]>([
    ['series', { seriesInstanceUid: parseUid('1.2.3.2') }],
    ['instance', { sopInstanceUid: parseUid('1.2.3.1.11') }],
    ['class', { sopClassUid: parseUid('1.2.840.10008.5.1.4.1.1.4') }],
    ['syntax', { transferSyntaxUid: parseUid('1.2.840.10008.1.2') }],
    ['length', { lengthBytes: 1 }],
    ['digest', { digest: 'd2'.repeat(32) as Digest }],
    ['segments', { segments: [{ kind: 'whole', lengthBytes: 1_100_000 }] }],
  ])('changes with the %s of one entry', (_, change) => {
    const changed = manifestRootOf([entry('1.2.3.1.9', change), ...MANIFEST.slice(1)], nodeCrypto);
    expect(changed).not.toBe(manifestRootOf(MANIFEST, nodeCrypto));
  });

  it('refuses an instance that is in it twice', () => {
    expect(codeOf(() => manifestRootOf([entry('1.2'), entry('1.3'), entry('1.2')], nodeCrypto))).toBe(
      'TRANSFER_PROTOCOL',
    );
  });

  it('holds the most instances and not one more', () => {
    const many = Array.from({ length: MAX_INSTANCES }, (_, index) => entry(`1.${index}`));
    expect(codeOf(() => manifestRootOf(many, nodeCrypto))).toBe('accepted');
    expect(codeOf(() => manifestRootOf([...many, entry('2.1')], nodeCrypto))).toBe('TRANSFER_LIMIT');
  });

  it('is refused when its entries are too long together', () => {
    const segments = Array.from({ length: 4_000 }, () => ({ kind: 'pixel' as const, lengthBytes: 1 }));
    const bytes = manifestEntryBytes(entry('1.100000', { segments })).length;
    const fits = Math.floor(MAX_MANIFEST_BYTES / bytes);
    const many = Array.from({ length: fits + 1 }, (_, index) => entry(`1.${100_000 + index}`, { segments }));
    expect(codeOf(() => manifestRootOf(many.slice(1), nodeCrypto))).toBe('accepted');
    expect(codeOf(() => manifestRootOf(many, nodeCrypto))).toBe('TRANSFER_LIMIT');
  });
});

describe('a transfer ID', () => {
  it.each<[string, Partial<TransferIdentity>]>([
    ['federation', { federationId: 'f1'.repeat(32) }],
    ['sender', { sender: parseMemberId('be-east') }],
    ['receiver', { receiver: parseMemberId('be-east') }],
    ['study', { studyInstanceUid: parseUid('1.2.4') }],
    ['manifest', { manifestRoot: 'c5'.repeat(32) as Digest }],
    ['purpose', { purpose: 'research' }],
  ])('is another for another %s', (_, change) => {
    expect(transferIdOf({ ...IDENTITY, ...change }, nodeCrypto)).not.toBe(transferIdOf(IDENTITY, nodeCrypto));
  });

  it('is another the other way round', () => {
    const back = { ...IDENTITY, sender: IDENTITY.receiver, receiver: IDENTITY.sender };
    expect(transferIdOf(back, nodeCrypto)).not.toBe(transferIdOf(IDENTITY, nodeCrypto));
  });
});
