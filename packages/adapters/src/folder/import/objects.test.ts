import { parseUid } from '@interhosp/core/dicom';
import { describe, expect, it } from 'vitest';
import { composedLength, type DataSetPart } from './composed.ts';
import type { Subject } from './common-modules.ts';
import { derivedUid } from './derived-uid.ts';
import { KEYWORDS } from './keywords.ts';
import type { Video } from './video.ts';
import { videoObject } from './video-object.ts';
import { createDcmjs } from '../../dcmjs/index.ts';

const GIB = 1_073_741_824;
const video: Video = {
  method: 'ISO_14496_10',
  syntax: { single: parseUid('1.2.840.10008.1.2.4.102'), fragments: parseUid('1.2.840.10008.1.2.4.102.1') },
  mayBeFragmentedAlways: false,
  bits: 8,
  rows: 1_080,
  columns: 1_920,
  frames: 100,
  durationMs: 4_000,
  quarterTurns: 0,
  sound: [],
  lengthBytes: 999,
};

await using dcmjs = createDcmjs();
const subject: Subject = {
  placement: { studyInstanceUid: parseUid('1.2.3'), values: new Map(), isNew: false },
  said: {
    values: new Map(),
    codes: new Map([
      ['AnatomicRegionSequence', { CodeValue: '69536005', CodingSchemeDesignator: 'SCT', CodeMeaning: 'Head' }],
    ]),
  },
  digest: 'ab',
  dictionary: await dcmjs.describe([...KEYWORDS]),
};

const ranges = (parts: readonly DataSetPart[]) => parts.flatMap((part) => ('from' in part ? [part] : []));

describe('a video', () => {
  it('up to the longest fragment is one fragment', () => {
    const { parts, transferSyntaxUid } = videoObject(subject, { ...video, lengthBytes: 4_294_967_294 });
    expect(transferSyntaxUid).toBe('1.2.840.10008.1.2.4.102');
    expect(ranges(parts)).toEqual([{ from: 0, to: 4_294_967_294 }]);
  });

  it('beyond it is several, under the syntax that allows them, and says how long it was', () => {
    const lengthBytes = 4_294_967_295;
    const { parts, transferSyntaxUid } = videoObject(subject, { ...video, lengthBytes });
    expect(transferSyntaxUid).toBe('1.2.840.10008.1.2.4.102.1');
    expect(ranges(parts)).toEqual([
      { from: 0, to: GIB },
      { from: GIB, to: 2 * GIB },
      { from: 2 * GIB, to: 3 * GIB },
      { from: 3 * GIB, to: lengthBytes },
    ]);
    const total = Buffer.from([0xe0, 0x7f, 0x03, 0x00, 0x55, 0x56]);
    const head = parts[0] !== undefined && 'bytes' in parts[0] ? Buffer.from(parts[0].bytes) : Buffer.alloc(0);
    expect(head.readBigUInt64LE(head.indexOf(total) + 12)).toBe(BigInt(lengthBytes));
    // Item headers, one byte of padding, table and end: nothing else beside the head.
    expect(composedLength(parts) - head.length - lengthBytes).toBe(12 + 8 + 4 * 8 + 1 + 8);
  });
});

describe('a derived UID', () => {
  it('follows from its parts and from where they end', () => {
    expect(derivedUid('a', 'bc')).toBe(derivedUid('a', 'bc'));
    const uids = [derivedUid('a', 'bc'), derivedUid('ab', 'c'), derivedUid('abc'), derivedUid('a', 'b', 'c')];
    expect(new Set(uids).size).toBe(4);
    for (const uid of uids) {
      const uuid = BigInt(uid.slice(5)).toString(16).padStart(32, '0');
      // Version 8, variant 10.
      expect(uuid).toMatch(/^[0-9a-f]{12}8[0-9a-f]{3}[89ab][0-9a-f]{15}$/);
    }
  });
});
