import { describe, expect, it } from 'vitest';
import { MAX_ASSOCIATE_BYTES } from '../limits.ts';
import { PduReader, type Fragment, type PduType } from './pdu-reader.ts';
import { ProtocolError } from './protocol-error.ts';

/** What a reader told, as text: `begin 4`, `pdu 5 00000000`, `command 1 aabb last`. */
function read(
  bytes: string,
  options: { readonly maxPduBytes?: number; readonly cut?: number } = {},
): readonly string[] {
  const told: string[] = [];
  const reader = new PduReader(
    {
      begin: (type: PduType) => void told.push(`begin ${type}`),
      pdu: (type: PduType, body: Uint8Array) => void told.push(`pdu ${type} ${Buffer.from(body).toString('hex')}`),
      fragment: ({ bytes: piece, contextId, isCommand, isLast }: Fragment) => {
        const kind = isCommand ? 'command' : 'data';
        told.push(`${kind} ${contextId} ${Buffer.from(piece).toString('hex')}${isLast ? ' last' : ''}`);
      },
    },
    { maxPduBytes: options.maxPduBytes ?? 1_000 },
  );
  const input = Buffer.from(bytes.replaceAll(' ', ''), 'hex');
  const cut = options.cut ?? input.length;
  try {
    for (let at = 0; at < input.length; at += cut) reader.push(input.subarray(at, at + cut));
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    told.push(`broken ${error.rule} ${error.abortReason}`);
  }
  told.push(reader.isBetweenPdus ? 'between' : 'within');
  return told;
}

describe('reading PDUs', () => {
  it('hands over the control PDUs of PS3.8 9.3.6 to 9.3.8 whole', () => {
    expect(read('05 00 00000004 00000000')).toEqual(['begin 5', 'pdu 5 00000000', 'between']);
    expect(read('06 00 00000004 00000000')).toEqual(['begin 6', 'pdu 6 00000000', 'between']);
    expect(read('07 00 00000004 00000203')).toEqual(['begin 7', 'pdu 7 00000203', 'between']);
    expect(read('03 00 00000004 00010103')).toEqual(['begin 3', 'pdu 3 00010103', 'between']);
  });

  it('tells the presentation data values of a P-DATA-TF by the two low bits of their control header (annex E.2)', () => {
    const value = (control: string) => `04 00 00000008 00000004 05 ${control} aabb`;
    expect(read(value('00'))).toEqual(['begin 4', 'data 5 aabb', 'between']);
    expect(read(value('01'))).toEqual(['begin 4', 'command 5 aabb', 'between']);
    expect(read(value('02'))).toEqual(['begin 4', 'data 5 aabb last', 'between']);
    expect(read(value('03'))).toEqual(['begin 4', 'command 5 aabb last', 'between']);
    expect(read(value('ff'))).toEqual(['begin 4', 'command 5 aabb last', 'between']);
  });

  it('takes several values in one PDU, of several contexts and of odd length', () => {
    const pdu = '04 00 00000014 00000005 01 00 010203 00000003 03 00 04 00000002 01 02';
    expect(read(pdu.replace('00000014', '00000016'))).toEqual([
      'begin 4',
      'data 1 010203',
      'data 3 04',
      'data 1  last',
      'between',
    ]);
  });

  it('tells an empty value only when it is the last', () => {
    expect(read('04 00 00000006 00000002 01 00')).toEqual(['begin 4', 'between']);
    expect(read('04 00 00000006 00000002 01 02')).toEqual(['begin 4', 'data 1  last', 'between']);
  });

  it('lets a few empty values pass, and no thousands', () => {
    const empty = '04 00 00000006 00000002 01 00 ';
    expect(read(empty.repeat(256)).filter((told) => told.startsWith('broken'))).toEqual([]);
    expect(read(empty.repeat(257)).filter((told) => told.startsWith('broken'))).toEqual([
      expect.stringContaining('pdv-empty'),
    ]);
    const value = '04 00 00000008 00000004 01 00 aabb ';
    expect(
      read(`${empty.repeat(200)}${value}${empty.repeat(200)}`).filter((told) => told.startsWith('broken')),
    ).toEqual([]);
  });

  it('judges the length of a PDU by its header alone, before a byte behind it', () => {
    expect(read('04 00 ffffffff')).toEqual(['begin 4', 'broken pdu-length 6', 'between']);
    expect(read('04 00 000003e9')).toEqual(['begin 4', 'broken pdu-length 6', 'between']);
    expect(read('04 00 000003e8')).toEqual(['begin 4', 'within']);
    for (const type of ['01', '02']) {
      const over = (MAX_ASSOCIATE_BYTES + 1).toString(16).padStart(8, '0');
      const just = MAX_ASSOCIATE_BYTES.toString(16).padStart(8, '0');
      expect(read(`${type} 00 ${over}`).at(-2)).toBe('broken pdu-length 6');
      expect(read(`${type} 00 ${just}`).at(-1)).toBe('within');
    }
    for (const type of ['03', '05', '06', '07']) {
      expect(read(`${type} 00 00000005`).at(-2)).toBe('broken pdu-length 6');
    }
  });

  it('refuses types that are none (AA-8, unrecognized PDU)', () => {
    for (const type of ['00', '08', '48', 'ff']) expect(read(`${type} 00 00000004`)[0]).toBe('broken pdu-type 1');
  });

  it('refuses values that do not fit into their PDU, or leave a rest that is none', () => {
    expect(read('04 00 00000000').at(-2)).toBe('broken pdu-empty 6');
    expect(read('04 00 00000005 00000001 01').at(-2)).toBe('broken pdu-empty 6');
    expect(read('04 00 00000006 00000001 01 00').at(-2)).toBe('broken pdv-length 6');
    expect(read('04 00 00000006 00000003 01 00').at(-2)).toBe('broken pdv-length 6');
    expect(read('04 00 00000006 ffffffff 01 00').at(-2)).toBe('broken pdv-length 6');
    expect(read('04 00 00000009 00000004 01 00 aabb 00').at(-2)).toBe('broken pdv-length 6');
  });

  it('knows when a stream ends within a PDU', () => {
    const whole = '04 00 00000008 00000004 01 02 aabb';
    for (let hex = 2; hex < whole.replaceAll(' ', '').length; hex += 2) {
      expect(read(whole.replaceAll(' ', '').slice(0, hex)).at(-1)).toBe('within');
    }
    expect(read(whole).at(-1)).toBe('between');
  });
});
