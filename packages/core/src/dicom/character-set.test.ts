import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { latin1Bytes } from './bytes.ts';
import { characterSetOf, isAscii, isAsciiBytes } from './character-set.ts';

function setOf(declaration: string | undefined) {
  const set = characterSetOf(declaration);
  if (set === undefined) throw new Error('no such character set');
  return set;
}

const decode = (declaration: string, hex: string): string =>
  setOf(declaration).decode(Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex')));

describe('characterSetOf', () => {
  it.each([
    ['ISO_IR 100', '42 75 63 5E 4A E9 72 F4 6D 65', 'Buc^Jérôme'],
    ['ISO_IR 101', 'A3 F3 64 BC', 'Łódź'],
    ['ISO_IR 109', 'A1 FE', 'Ħŝ'],
    ['ISO_IR 110', 'BD', 'Ŋ'],
    ['ISO_IR 126', 'C4 E9 EF ED F5 F3 E9 EF F2', 'Διονυσιος'],
    ['ISO_IR 127', 'E2 C8 C7 E6 EA', '\u0642\u0628\u0627\u0646\u064a'],
    ['ISO_IR 138', 'F9 F8 E5 EF', 'שרון'],
    ['ISO_IR 144', 'BB EE DA 63 65 DC D1 79 70 D3', 'Люкceмбypг'],
    ['ISO_IR 148', 'FD DD', 'ıİ'],
    ['ISO_IR 166', 'B9 D2', 'นา'],
    ['ISO_IR 203', 'A4', '€'],
    ['ISO_IR 13', 'D4 CF C0 DE 5E C0 DB B3', 'ﾔﾏﾀﾞ^ﾀﾛｳ'],
    ['ISO_IR 192', '57 61 6E 67 3D E7 8E 8B', 'Wang=王'],
    ['GB18030', '57 61 6E 67 3D CD F5 5E D0 A1 B6 AB', 'Wang=王^小东'],
    ['GBK', 'CD F5', '王'],
    // From PS3.5 annexes H, I and K.
    ['\\ISO 2022 IR 87', '59 61 3D 1B 24 42 3B 33 45 44 1B 28 42 5E 1B 24 42 42 40 4F 3A 1B 28 42', 'Ya=山田^太郎'],
    ['ISO 2022 IR 13\\ISO 2022 IR 87', 'D4 CF 3D 1B 24 42 3B 33 1B 28 4A 5E C0', 'ﾔﾏ=山^ﾀ'],
    ['\\ISO 2022 IR 149', '48 6F 3D 1B 24 29 43 FB F3 5E 1B 24 29 43 D1 CE D4 D7', 'Ho=洪^吉洞'],
    ['\\ISO 2022 IR 58', '5A 68 3D 1B 24 29 41 D5 C5 5E 1B 24 29 41 D0 A1 B6 AB', 'Zh=张^小东'],
    ['\\ISO 2022 IR 159', '1B 24 28 44 30 21 1B 28 42', '丂'],
    ['ISO 2022 IR 100\\ISO 2022 IR 144', 'E9 5E 1B 2D 4C BB EE 5E E9', 'é^Лю^é'],
  ])('reads %s', (declaration, hex, text) => {
    expect(decode(declaration, hex)).toBe(text);
  });

  it.each([
    ['\\ISO 2022 IR 87', '59613d1b2442 3b334544 1b2842 5e 1b2442 42404f3a 1b2842', 'Ya=山田^太郎'],
    ['ISO 2022 IR 13\\ISO 2022 IR 87', 'd4cf3d 1b2442 3b33 1b284a 5ec0', 'ﾔﾏ=山^ﾀ'],
    ['\\ISO 2022 IR 87\\ISO 2022 IR 159', '1b2442 3b33 1b242844 3021 1b2842 20 41', '山丂 A'],
    ['\\ISO 2022 IR 149', '48 6f 3d 1b242943 fbf3 5e 1b242943 d1ced4d7', 'Ho=洪^吉洞'],
    ['\\ISO 2022 IR 58', '5a683d 1b242941 d5c5 5e 1b242941 d0a1b6ab', 'Zh=张^小东'],
    ['GB18030', 'cdf5 8130 8130 9030 8130 41', '王\u0080\u{10000}A'],
    ['GBK', 'cdf5', '王'],
  ])('writes %s with the escapes of PS3.5', (declaration, hex, text) => {
    const bytes = setOf(declaration).encode(text);
    expect(Buffer.from(bytes ?? []).toString('hex')).toBe(hex.replaceAll(' ', ''));
    expect(setOf(declaration).decode(bytes ?? new Uint8Array(0))).toBe(text);
  });

  it('writes every character of Unicode in GB18030, and only its own register in a two-byte set', () => {
    const set = setOf('GB18030');
    for (let code = 0x80; code < 0x11_0000; code += code < 0x1_0000 ? 1 : 997) {
      if (code >= 0xd800 && code <= 0xdfff) continue;
      const text = String.fromCodePoint(code);
      const bytes = set.encode(text);
      // The standard was amended where the platform's decoder was not, for a few code points of compatibility.
      if (bytes !== undefined) expect(set.decode(bytes)).toBe(text);
    }
    // Added by vendors to JIS X 0208, KS X 1001 and GB 2312.
    expect(setOf('\\ISO 2022 IR 87').encode('①')).toBeUndefined();
    expect(setOf('\\ISO 2022 IR 149').encode('€')).toBeUndefined();
    expect(setOf('\\ISO 2022 IR 58').encode('ⅰ')).toBeUndefined();
  });

  it('forgets an escape at a separator, so that a forgotten one spoils one component alone', () => {
    // The second component says no escape: its bytes are not Korean.
    expect(decode('\\ISO 2022 IR 149', '1B 24 29 43 FB F3 5E FB F3')).toBe('洪^\ufffd\ufffd');
    expect(decode('\\ISO 2022 IR 149', '1B 24 29 43 FB F3 0D 0A FB F3')).toBe('洪\r\n\ufffd\ufffd');
  });

  it('takes bytes that look like separators as part of a two-byte character', () => {
    // JIS 3D5C holds both "=" and a backslash.
    expect(decode('\\ISO 2022 IR 87', '1B 24 42 3D 5C 1B 28 42')).toBe('旬');
    expect(decode('GBK', '81 5C')).not.toContain('\\');
  });

  it('marks what has no meaning rather than guess', () => {
    expect(decode('', 'E9')).toBe('\ufffd');
    expect(decode('ISO_IR 192', 'E9')).toBe('\ufffd');
    expect(decode('ISO_IR 100', '80')).toBe('\ufffd');
    expect(decode('\\ISO 2022 IR 87', '1B 24 42 3B')).toBe('\ufffd');
    expect(decode('\\ISO 2022 IR 87', '1B 2D 41 E9')).toContain('\ufffd');
  });

  it('knows no set for a term that PS3.3 does not define, alone or among others', () => {
    for (const declaration of [
      'ISO_IR 999',
      'UTF-8',
      'ISO 2022 IR 100\\LATIN',
      'ISO_IR 6'.repeat(3),
      '\\'.repeat(40),
    ]) {
      expect(characterSetOf(declaration)).toBeUndefined();
    }
  });

  it('writes what it reads, for every single-byte set and every character it has', () => {
    for (const number of ['100', '101', '109', '110', '126', '127', '138', '144', '148', '166', '203', '13']) {
      const set = setOf(`ISO_IR ${number}`);
      for (let byte = 0xa0; byte < 0x100; byte++) {
        const text = set.decode(Uint8Array.of(byte));
        if (text !== '\ufffd') expect(set.encode(text), `${number} ${byte}`).toEqual(Uint8Array.of(byte));
      }
    }
  });

  it('writes nothing it could not read back', () => {
    const declarations = ['', 'ISO_IR 100', 'ISO_IR 144', 'ISO_IR 192', 'GB18030', 'GBK', '\\ISO 2022 IR 87'];
    declarations.push('\\ISO 2022 IR 149', '\\ISO 2022 IR 58', 'ISO 2022 IR 13\\ISO 2022 IR 87\\ISO 2022 IR 159');
    declarations.push('ISO 2022 IR 100\\ISO 2022 IR 144\\ISO 2022 IR 126', 'ISO 2022 IR 13\\ISO 2022 IR 87');
    fc.assert(
      fc.property(
        fc.constantFrom(...declarations),
        fc.string({ unit: 'binary', maxLength: 20 }),
        (declaration, text) => {
          const set = setOf(declaration);
          const bytes = set.encode(text);
          if (bytes !== undefined) expect(set.decode(bytes)).toBe(text);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('finds a way for names that a declared extension holds, and none for others', () => {
    const set = setOf('ISO 2022 IR 100\\ISO 2022 IR 144');
    expect(set.decode(set.encode('Лю^é') ?? new Uint8Array(0))).toBe('Лю^é');
    expect(Buffer.from(set.encode('é Лю^é') ?? []).toString('hex')).toBe('e9201b2d4cbbee5ee9');
    expect(set.encode('王')).toBeUndefined();
    expect(setOf('ISO_IR 100').encode('Łódź')).toBeUndefined();
    expect(setOf('ISO_IR 100').encode('€')).toBeUndefined();
    expect(setOf('ISO_IR 192').encode('\ud800')).toBeUndefined();
  });

  it('never fails on random bytes', () => {
    const declarations = ['', 'ISO_IR 192', 'GB18030', '\\ISO 2022 IR 87\\ISO 2022 IR 149\\ISO 2022 IR 159'];
    const bytes = fc.array(
      fc.constantFrom(0x1b, 0x24, 0x28, 0x29, 0x42, 0x43, 0x44, 0x5c, 0x7f, 0x80, 0xfb, 0xff, 0x20),
    );
    fc.assert(
      fc.property(fc.constantFrom(...declarations), bytes, (declaration, list) => {
        expect(typeof setOf(declaration).decode(Uint8Array.from(list))).toBe('string');
      }),
    );
  });
});

describe('isAscii', () => {
  it('does not take an escape sequence for ASCII, since what follows may be another script', () => {
    expect(isAscii('\u001b$B')).toBe(false);
    expect(isAsciiBytes(latin1Bytes('\u001b$B;3'))).toBe(false);
    expect(isAsciiBytes(latin1Bytes('Doe^John'))).toBe(true);
    expect(isAsciiBytes(Uint8Array.of(0x80))).toBe(false);
  });
});
