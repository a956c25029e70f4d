import { parseUid } from '@interhosp/core/dicom';
import { describe, expect, it } from 'vitest';
import { parseAeTitle } from './ae-title.ts';
import {
  decodeAssociateAccept,
  decodeAssociateReject,
  decodeAssociateRequest,
  encodeAssociateAccept,
  encodeAssociateReject,
  encodeAssociateRequest,
  type AssociateRequest,
} from './associate.ts';
import { ProtocolError } from './protocol-error.ts';

/** Bytes from words: hexadecimal, or text in quotes. Blanks between words do not count. */
function bytes(text: string): Buffer {
  return Buffer.concat(
    [...text.matchAll(/'([^']*)'|([0-9a-f]+)/g)].map(([, quoted, hex = '']) =>
      quoted === undefined ? Buffer.from(hex, 'hex') : Buffer.from(quoted, 'latin1'),
    ),
  );
}

const VERIFICATION = parseUid('1.2.840.10008.1.1');
const IMPLICIT = parseUid('1.2.840.10008.1.2');
const CT = parseUid('1.2.840.10008.5.1.4.1.1.2');

const ZEROS_32 = '00'.repeat(32);
/** Table 9-11, written by hand: one context, maximum length, implementation, one role. */
const REQUEST = `
  0001 0000 'PACS            ' 'MODALITY        ' ${ZEROS_32}
  10 00 0015 '1.2.840.10008.3.1.1.1'
  20 00 002e 01 000000
    30 00 0011 '1.2.840.10008.1.1'
    40 00 0011 '1.2.840.10008.1.2'
  50 00 003a
    51 00 0004 00004000
    52 00 0003 '1.2'
    54 00 001d 0019 '1.2.840.10008.5.1.4.1.1.2' 00 01
    55 00 0006 'ABC_12'
`;
/** Table 9-17: context 1 accepted, context 3 refused. */
const ACCEPT = `
  0001 0000 'PACS            ' 'MODALITY        ' ${ZEROS_32}
  10 00 0015 '1.2.840.10008.3.1.1.1'
  21 00 0019 01 00 00 00 40 00 0011 '1.2.840.10008.1.2'
  21 00 0019 03 00 03 00 40 00 0011 '1.2.840.10008.1.2'
  50 00 0008 51 00 0004 00020000
`;

const user = {
  maxPduBytes: 16_384,
  implementationClassUid: parseUid('1.2'),
  implementationVersionName: 'ABC_12',
  roles: [{ sopClassUid: CT, scu: false, scp: true }],
};

function withHeader(type: string, body: Buffer): Buffer {
  const header = Buffer.alloc(6);
  header[0] = Number.parseInt(type, 16);
  header.writeUInt32BE(body.length, 2);
  return Buffer.concat([header, body]);
}

describe('A-ASSOCIATE-RQ (PS3.8 9.3.2)', () => {
  it('is written as the standard has it', () => {
    const written = encodeAssociateRequest({
      calledAe: parseAeTitle('PACS'),
      callingAe: parseAeTitle('MODALITY'),
      contexts: [{ id: 1, abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT] }],
      user,
    });
    expect(Buffer.from(written).toString('hex')).toBe(withHeader('01', bytes(REQUEST)).toString('hex'));
  });

  it('is read as the standard has it', () => {
    expect(decodeAssociateRequest(bytes(REQUEST))).toEqual({
      calledAe: 'PACS',
      callingAe: 'MODALITY',
      contexts: [{ id: 1, abstractSyntax: VERIFICATION, transferSyntaxes: [IMPLICIT] }],
      user,
      isVersion1: true,
      isDicom: true,
    } satisfies AssociateRequest);
  });

  it('passes over items of a later version, and meets padding where none belongs', () => {
    const odd = REQUEST.replace('20 00 002e', '77 00 0002 abcd 20 00 002f').replace(
      "30 00 0011 '1.2.840.10008.1.1'",
      "30 00 0012 '1.2.840.10008.1.1 '",
    );
    expect(decodeAssociateRequest(bytes(odd)).contexts[0]?.abstractSyntax).toBe(VERIFICATION);
  });

  it('tells another protocol version from another application context', () => {
    const version = decodeAssociateRequest(bytes(REQUEST.replace('0001 0000', '0002 0000')));
    expect([version.isVersion1, version.isDicom]).toEqual([false, false]);
    const context = decodeAssociateRequest(bytes(REQUEST.replace('.3.1.1.1', '.3.1.1.2')));
    expect([context.isVersion1, context.isDicom]).toEqual([true, false]);
    // Only bit 0 is looked at (table 9-11).
    expect(decodeAssociateRequest(bytes(REQUEST.replace('0001 0000', '8003 0000'))).isDicom).toBe(true);
  });

  it('takes an abstract syntax that is no UID for none', () => {
    const odd = decodeAssociateRequest(bytes(REQUEST.replace("'1.2.840.10008.1.1'", "'../../etc/passwd0'")));
    expect(odd.contexts).toEqual([{ id: 1, abstractSyntax: undefined, transferSyntaxes: [IMPLICIT] }]);
  });

  it('refuses identifiers that are even or used twice', () => {
    const context = REQUEST.slice(REQUEST.indexOf('20 00'), REQUEST.indexOf('50 00'));
    for (const broken of [
      REQUEST.replace('01 000000', '02 000000'),
      REQUEST.replace('01 000000', '00 000000'),
      REQUEST.replace('50 00 003a', `${context} 50 00 003a`),
    ]) {
      expect(() => decodeAssociateRequest(bytes(broken))).toThrow(ProtocolError);
    }
  });

  it('refuses a request that is cut off anywhere, or reads what stands whole before', () => {
    const whole = bytes(REQUEST);
    const ends = new Set([68, 68 + 25, 68 + 25 + 50]);
    for (let end = 0; end < whole.length; end++) {
      const read = () => decodeAssociateRequest(whole.subarray(0, end));
      if (ends.has(end)) expect(read).not.toThrow();
      else expect(read).toThrow(ProtocolError);
    }
  });

  it('refuses more syntaxes in a context and more user items than it has limits for', () => {
    const syntaxes = (count: number): Buffer => {
      const syntax = bytes("40 00 0003 '1.2'");
      const body = Buffer.concat([bytes("01 000000 30 00 0003 '1.2'"), ...Array.from({ length: count }, () => syntax)]);
      const length = Buffer.alloc(2);
      length.writeUInt16BE(body.length);
      return Buffer.concat([bytes(REQUEST).subarray(0, 93), bytes('20 00'), length, body]);
    };
    expect(decodeAssociateRequest(syntaxes(128)).contexts[0]?.transferSyntaxes).toHaveLength(128);
    expect(() => decodeAssociateRequest(syntaxes(129))).toThrow(/syntax-count/);
    const items = (count: number): Buffer => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(count * 4);
      return Buffer.concat([
        bytes(REQUEST).subarray(0, 93),
        bytes('50 00'),
        length,
        Buffer.alloc(count * 4, bytes('58 00 0000')),
      ]);
    };
    expect(decodeAssociateRequest(items(512)).user.roles).toEqual([]);
    expect(() => decodeAssociateRequest(items(513))).toThrow(/user-items/);
  });
});

describe('A-ASSOCIATE-AC (PS3.8 9.3.3)', () => {
  it('is written as the standard has it', () => {
    const written = encodeAssociateAccept(
      { calledAe: 'PACS', callingAe: 'MODALITY' },
      {
        contexts: [
          { id: 1, result: 0, transferSyntax: IMPLICIT },
          { id: 3, result: 3 },
        ],
        user: { maxPduBytes: 131_072, roles: [] },
      },
    );
    expect(Buffer.from(written).toString('hex')).toBe(withHeader('02', bytes(ACCEPT)).toString('hex'));
  });

  it('is read as the standard has it', () => {
    expect(decodeAssociateAccept(bytes(ACCEPT))).toEqual({
      contexts: [
        { id: 1, result: 0, transferSyntax: IMPLICIT },
        { id: 3, result: 3 },
      ],
      user: { maxPduBytes: 131_072, roles: [] },
    });
  });

  it('refuses an accepted context without a syntax, and reads a result that is none as a refusal', () => {
    const bare = ACCEPT.replace("21 00 0019 01 00 00 00 40 00 0011 '1.2.840.10008.1.2'", '21 00 0004 01 00 00 00');
    expect(() => decodeAssociateAccept(bytes(bare))).toThrow(/context-syntax/);
    expect(decodeAssociateAccept(bytes(ACCEPT.replace('03 00 03 00', '03 00 77 00'))).contexts[1]?.result).toBe(2);
  });

  it('takes 16 kB as the limit of a peer that says none', () => {
    const silent = ACCEPT.slice(0, ACCEPT.indexOf('50 00'));
    expect(decodeAssociateAccept(bytes(silent)).user.maxPduBytes).toBe(16_384);
  });
});

describe('A-ASSOCIATE-RJ (PS3.8 9.3.4)', () => {
  it('is written and read as the standard has it', () => {
    const reject = { result: 1, source: 1, reason: 7 };
    expect(Buffer.from(encodeAssociateReject(reject)).toString('hex')).toBe('03000000000400010107');
    expect(decodeAssociateReject(bytes('00010107'))).toEqual(reject);
    expect(() => decodeAssociateReject(bytes('0001'))).toThrow(ProtocolError);
  });
});
