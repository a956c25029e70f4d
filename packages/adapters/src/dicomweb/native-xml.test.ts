import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isInterhospError } from '@interhosp/core/errors';
import { itemsOf, textOf } from './dicom-json.ts';
import { parseNativeXml } from './native-xml.ts';

function attributeXml(tag: string, content: string): string {
  return `<DicomAttribute tag="${tag}" vr="SQ">${content}</DicomAttribute>`;
}

describe('the native model in XML', () => {
  it('reads attributes, items and values', () => {
    const value = '<Value number="1">1.2&amp;&lt;&#65;&#x42;&unknown;</Value>';
    const text = `<NativeDicomModel>${attributeXml('00081199', `<Item>${attributeXml('00081155', value)}</Item>`)}</NativeDicomModel>`;
    const [item] = itemsOf(parseNativeXml(text), '00081199');
    expect(item === undefined ? undefined : textOf(item, '00081155')).toBe('1.2&<AB&unknown;');
  });

  it('reads single quotes, empty elements, comments and prefixes', () => {
    const text = `<?xml version='1.0'?><!-- <a> --><d:NativeDicomModel><d:DicomAttribute vr='UI' tag='00081155'><d:Value>1.2</d:Value></d:DicomAttribute><d:DicomAttribute tag="00081196" vr="US"/></d:NativeDicomModel>`;
    expect(textOf(parseNativeXml(text), '00081155')).toBe('1.2');
  });

  it.each([
    '<!DOCTYPE a [<!ENTITY b "c">]><NativeDicomModel/>',
    '<NativeDicomModel>',
    '</NativeDicomModel>',
    '<NativeDicomModel></Item>',
    '<NativeDicomModel><!-- ',
    '<NativeDicomModel a="<"></NativeDicomModel>',
    '<>',
    '<Item>'.repeat(200) + '</Item>'.repeat(200),
  ])('refuses %j', (text) => {
    expect(() => parseNativeXml(text)).toThrow(/PACS_PROTOCOL/);
  });

  it('neither hangs nor crashes on whatever comes', () => {
    const morsel = fc.constantFrom(
      '<',
      '>',
      '/',
      '"',
      "'",
      '<Item>',
      '</Item>',
      '<DicomAttribute tag="00081199" vr="SQ">',
      '</DicomAttribute>',
      '<Value>',
      '</Value>',
      '&#x;',
      '&lt;',
      '<!--',
      '-->',
      '=',
      ' a',
      '__proto__',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(morsel, fc.string({ maxLength: 5 })), { maxLength: 30 }), (morsels) => {
        try {
          parseNativeXml(morsels.join(''));
        } catch (error) {
          expect(isInterhospError(error)).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('takes time in proportion to what it reads', () => {
    for (const text of ['<a '.repeat(100_000), `<a ${'b="'.repeat(100_000)}`, `<a ${"x='y' ".repeat(50_000)}`]) {
      expect(() => parseNativeXml(text)).toThrow(/PACS_PROTOCOL/);
    }
  });
});
