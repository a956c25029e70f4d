import { TRANSFER_SYNTAXES } from '@interhosp/core/dicom';
import { describe, expect, it } from 'vitest';
import { DataSetInbox } from '../association/inbox.ts';
import { encodeIdentifier } from '../query/identifier.ts';
import { studyOfDataSet } from './peek-study.ts';
import { key } from '../query/query-keys.ts';

const transferSyntaxUid = TRANSFER_SYNTAXES.ExplicitVRLittleEndian;

/** A data set in pieces of one byte, with so many bytes before its Study Instance UID. */
function dataSetOf(lengthBytes: number): { readonly bytes: Buffer; readonly inbox: DataSetInbox } {
  const long = Buffer.from([0x09, 0x00, 0x01, 0x10, 0x4f, 0x42, 0, 0, 0, 0, 0, 0]);
  long.writeUInt32LE(lengthBytes, 8);
  const study = encodeIdentifier(key(0x0020000d, 'UI', '1.2.3'), { transferSyntaxUid });
  const bytes = Buffer.concat([long, Buffer.alloc(lengthBytes, 5), study]);
  const inbox = new DataSetInbox({ held: () => {}, awaits: () => {} });
  for (let at = 0; at < bytes.length; at++) inbox.push(bytes.subarray(at, at + 1));
  inbox.end();
  return { bytes, inbox };
}

describe('a look at the study of a data set', () => {
  it('puts back what came, however many pieces it came in', async () => {
    const { bytes, inbox } = dataSetOf(300_000);
    expect(await studyOfDataSet(inbox, transferSyntaxUid)).toBe('1.2.3');
    expect(await inbox.whole(bytes.length)).toEqual(bytes);
  });
});
