import { describe, expect, it } from 'vitest';
import { adt, bytesOf, pid } from '../../test/hl7-messages.ts';
import type { DefaultCharset } from './character-set.ts';
import { readHeader, readSegments, type Segment } from './message.ts';
import { Refusal } from './refusal.ts';

const NAMES = new Set(['PID', 'MRG']);

function segmentsOf(message: Uint8Array, defaultCharset: DefaultCharset = 'latin-1'): readonly Segment[] {
  return readSegments(message, readHeader(message), { names: NAMES, defaultCharset });
}

function family(message: Uint8Array, defaultCharset?: DefaultCharset): string | undefined {
  const names = segmentsOf(message, defaultCharset)[0]?.repetitions(5);
  return names?.[0]?.text(1);
}

function reasonOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof Refusal) return error.reason;
    throw error;
  }
  return 'none';
}

const named = (name: string, header: Readonly<Record<number, string>> = {}): string =>
  adt({ header, segments: [pid({ 3: '1^^^CHU', 5: name })] });

describe('a header', () => {
  it('is read byte by byte, whatever the delimiters', () => {
    const header = readHeader(bytesOf('MSH#*!%$#HIS*1.2#CHU#\xe9####ADT*A08*ADT_A01#id#P#2.7'));
    expect(header.delimiters).toEqual({ field: '#', component: '*', repetition: '!', escape: '%', subcomponent: '$' });
    expect([header.field(3), header.component(3, 2), header.field(5), header.component(9, 2)]).toEqual([
      'HIS*1.2',
      '1.2',
      '\xe9',
      'A08',
    ]);
    expect(header.field(40)).toBe('');
  });

  it('may have the truncation character of HL7 2.7, and a byte order mark before it', () => {
    expect(readHeader(bytesOf('MSH|^~\\&#|HIS\r')).encodingCharacters).toBe('^~\\&#');
    expect(readHeader(bytesOf('\xef\xbb\xbfMSH|^~\\&|HIS\r')).field(3)).toBe('HIS');
  });

  it.each([
    '',
    'MSH',
    'PID|1',
    'msh|^~\\&|',
    'MSH|^~\\',
    'MSH|^~\\&#x|',
    'MSH|^~^&|',
    'MSH|^|\\&|',
    'MSHa^~\\&a',
    'MSH ^~\\& ',
    'MSH"^~\\&"',
    'MSH\r^~\\&\r',
    'MSH|\0~\\&|',
    'MSH\xe9^~\\&\xe9',
    `MSH|^~\\&|${'x'.repeat(4_096)}`,
  ])('is refused when it is %j', (text) => {
    expect(reasonOf(() => readHeader(bytesOf(text)))).toBe('no-header');
  });
});

describe('segments', () => {
  it.each([
    ['CR', '\r'],
    ['LF', '\n'],
    ['CR LF', '\r\n'],
  ])('may end with %s', (_name, end) => {
    const message = named('Claes').replaceAll('\r', end);
    expect(family(bytesOf(message))).toBe('Claes');
    expect(segmentsOf(bytesOf(message))[0]?.text(3)).toBe('1');
  });

  it('may have a line feed in a text, where they end with CR', () => {
    const message = adt({ segments: [pid({ 3: '1^^^CHU', 5: 'Claes', 11: 'Kerkstraat 1\nbus 2' })] });
    expect(segmentsOf(bytesOf(message))[0]?.repetitions(11)?.[0]?.text(1)).toBe('Kerkstraat 1 bus 2');
  });

  it('are not guessed from one that was cut in two', () => {
    for (const cut of [
      'PID|||1^^^CHU||Van den\rBerghe^Jan||19850730',
      'PID|||1^^^CHU||Claes\rJan|x',
      'PIDX|1',
      'pid|1',
      'PID^1',
    ]) {
      expect(reasonOf(() => segmentsOf(bytesOf(adt({ segments: [cut] }))))).toBe('segment');
    }
  });

  it('are those of one message', () => {
    const two = named('Claes') + named('Willems');
    expect(reasonOf(() => segmentsOf(bytesOf(two)))).toBe('segment');
  });

  it('may be empty, unknown, or without fields', () => {
    const message = adt({ segments: ['', 'ZZZ', 'ZP1|what', pid({ 3: '1' }), 'PV1'] });
    expect(segmentsOf(bytesOf(message)).map(({ name }) => name)).toEqual(['PID']);
  });

  it('are 5,000 at most', () => {
    const filled = (count: number): Uint8Array =>
      bytesOf(adt({ segments: [pid({ 3: '1' }), ...Array.from({ length: count - 3 }, () => 'OBX|1')] }));
    expect(segmentsOf(filled(5_000))).toHaveLength(1);
    expect(reasonOf(() => segmentsOf(filled(5_001)))).toBe('too-many');
  });
});

describe('a field', () => {
  const fieldOf = (text: string) => segmentsOf(bytesOf(adt({ segments: [pid({ 3: '1', 5: text, 6: 'x' })] })))[0]!;

  it('says nothing, deletes, or has a value', () => {
    expect(fieldOf('').repetitions(5)).toBeUndefined();
    expect(fieldOf('~~').repetitions(5)).toBeUndefined();
    expect(fieldOf('""').repetitions(5)).toBeNull();
    expect(fieldOf('""').text(5)).toBeNull();
    expect(fieldOf('""^x').text(5)).toBeNull();
    expect(fieldOf('^x').text(5)).toBeUndefined();
    expect(fieldOf('"').text(5)).toBe('"');
    expect(fieldOf('x').text(40)).toBeUndefined();
  });

  it('has components and subcomponents, by the delimiters of its message', () => {
    const message = bytesOf('MSH#*!%$#HIS##########2.5\rPID###1\\2*x^y!3#\r');
    const [first, second] = segmentsOf(message)[0]?.repetitions(3) ?? [];
    expect([first?.text(1), first?.text(2), second?.text(1)]).toEqual(['1\\2', 'x^y', '3']);
    const [sub] = fieldOf('a&b^&d').repetitions(5) ?? [];
    expect([sub?.text(1), sub?.text(1, 2), sub?.text(2), sub?.text(2, 2), sub?.text(9, 9)]).toEqual([
      'a',
      'b',
      '',
      'd',
      '',
    ]);
  });

  it('repeats 64 times at most', () => {
    expect(fieldOf(Array(64).fill('x').join('~')).repetitions(5)).toHaveLength(64);
    expect(reasonOf(() => fieldOf(Array(65).fill('x').join('~')).repetitions(5))).toBe('too-many');
  });

  it('is 512 characters long at most', () => {
    expect(fieldOf('x'.repeat(512)).text(5)).toHaveLength(512);
    expect(reasonOf(() => fieldOf('x'.repeat(513)).text(5))).toBe('too-long');
    expect(reasonOf(() => fieldOf('x'.repeat(100_000)).text(5))).toBe('too-long');
  });
});

describe('a text', () => {
  const plain = (text: string): string | null | undefined =>
    segmentsOf(bytesOf(adt({ segments: [pid({ 3: '1', 5: text })] })))[0]?.text(5);

  it.each([
    ['\\F\\\\S\\\\T\\\\R\\\\E\\', '|^&~\\'],
    ['Br\\XE9\\mond', 'Brémond'],
    ['\\X4C6F7576\\', 'Louv'],
    ['one\\.br\\two\\.sp+1\\three', 'one two three'],
    ['\\H\\high\\N\\', 'high'],
    ['a\\Zvendor1\\b', 'ab'],
    ['C:\\temp\\x', 'C:\\temp\\x'],
    ['lone\\', 'lone\\'],
    ['C:\\temp\\S\\x', 'C:\\temp^x'],
    ['\\X4\\', '\\X4\\'],
    ['\\X00\\a\\X0D\\b', 'a b'],
    ['a\0b\tc\x7fd', 'a b c d'],
    ['  spaces   within  ', 'spaces within'],
  ])('%j is %j', (text, expected) => {
    expect(plain(text)).toBe(expected);
  });

  it.each<[string, string, Uint8Array, string]>([
    ['no MSH-18, as latin-1', '', bytesOf(named('Ren\xe9e')), 'Renée'],
    ['ASCII that is none', 'ASCII', bytesOf(named('Ren\xe9e', { 18: 'ASCII' })), 'Renée'],
    ['8859/1', '8859/1', bytesOf(named('Ren\xe9e', { 18: '8859/1' })), 'Renée'],
    ['8859/15', '8859/15', bytesOf(named('\xbduvre\xa4', { 18: '8859/15' })), 'œuvre€'],
    ['8859/9', '8859/9', bytesOf(named('\xdeahin', { 18: '8859/9' })), 'Şahin'],
    ['UTF-8', 'UNICODE UTF-8', bytesOf(named('Żółć 山田', { 18: 'UNICODE UTF-8' }), 'utf8'), 'Żółć 山田'],
    ['several, the first of which counts', '8859/15', bytesOf(named('\xbd', { 18: '8859/15~UNICODE UTF-8' })), 'œ'],
    ['an escape in UTF-8', 'UTF-8', bytesOf(named('Ren\\XC3A9\\e', { 18: 'UNICODE UTF-8' }), 'utf8'), 'Renée'],
  ])('is read with %s', (_what, _set, message, expected) => {
    expect(family(message)).toBe(expected);
  });

  it('is read as configured where nothing is said', () => {
    expect(family(bytesOf(named('Renée'), 'utf8'), 'utf-8')).toBe('Renée');
    expect(family(bytesOf(named('\xbd')), 'latin-9')).toBe('œ');
  });

  it('is refused when it is not in its character set, or in one that is not known', () => {
    expect(reasonOf(() => family(bytesOf(named('Ren\xe9e', { 18: 'UNICODE UTF-8' }))))).toBe('characters');
    expect(reasonOf(() => family(bytesOf(named('\\XFF\\', { 18: 'UNICODE UTF-8' }))))).toBe('characters');
    for (const set of ['UNICODE', 'UNICODE UTF-16', 'ISO IR87', '8859/12', '8859/99', 'BIG-5']) {
      expect(reasonOf(() => family(bytesOf(named('x', { 18: set }))))).toBe('character-set');
    }
  });
});
