import { bytesSource } from '@interhosp/core/dicom';
import { sampleCda, samplePdf } from '@interhosp/testing';
import { describe, expect, it } from 'vitest';
import { readCda } from './cda.ts';
import { checkPdf } from './pdf.ts';

const cda = (bytes: Uint8Array) => readCda(bytesSource(bytes));
const text = (value: string) => Uint8Array.from(Buffer.from(value, 'utf8'));

describe('a CDA document', () => {
  it('says what it is', async () => {
    expect(await cda(sampleCda())).toEqual({
      instanceIdentifier: '2.16.840.1.113883.19.5^R-17',
      title: 'Compte rendu & conclusion',
      code: { value: '18748-4', meaning: 'Diagnostic imaging report' },
    });
  });

  it('may have a prefix, comments, no title and a title of several pieces', async () => {
    const prefixed = text(
      '\uFEFF<?xml version="1.0"?><!-- <id root="9"/> --><cda:ClinicalDocument xmlns:cda="urn:hl7-org:v3">' +
        "<cda:id root='1.2.3'/><cda:recordTarget/></cda:ClinicalDocument><!-- end -->\n",
    );
    expect(await cda(prefixed)).toEqual({ instanceIdentifier: '1.2.3' });
    const pieces = sampleCda({ head: '<title>A <!-- not this --> &#66;<![CDATA[ & C]]>\n</title>' });
    expect(await cda(pieces)).toMatchObject({ title: 'A B & C' });
  });

  it('ends with its root, whatever comments and blanks follow', async () => {
    const head = '<ClinicalDocument xmlns="urn:hl7-org:v3"><id root="1.2"/><title>t</title></ClinicalDocument>';
    for (const end of ['', '\n', '<!---->', ' <!-- a > b --> \n<!----><!--\n-->\t']) {
      expect(await cda(text(head + end))).toEqual({ instanceIdentifier: '1.2', title: 't' });
    }
    // The first is small, and a pattern that divides the comments in every way never ends with it.
    for (const end of [
      `${'<!---->'.repeat(585)}x`,
      '<!-->',
      '-->',
      '<!-- x',
      '<a/>',
      '</a>',
      '</',
      '<!----></ClinicalDocument',
    ]) {
      await expect(cda(text(head + end)), end).rejects.toMatchObject({ code: 'IMPORT_MALFORMED' });
    }
  });

  it('takes the identifier of the document, and none of what is inside it', async () => {
    const bytes = sampleCda({ body: '<id root="6.6.6"/>' });
    expect((await cda(bytes)).instanceIdentifier).toBe('2.16.840.1.113883.19.5^R-17');
  });

  it.each([
    ['a document type', '<!DOCTYPE x [<!ENTITY a "b">]>', 'doctype'],
    ['entities that grow', `<!DOCTYPE l [${'<!ENTITY a "aaaaaaaaaa">'.repeat(1_000)}]>`, 'doctype'],
  ])('with %s is refused', async (_, prolog, reason) => {
    await expect(cda(sampleCda({ prolog }))).rejects.toMatchObject({ code: 'IMPORT_UNSUPPORTED', details: { reason } });
  });

  it.each([
    ['an unknown entity', sampleCda({ head: '<title>&lol9;</title>' }), 'IMPORT_UNSUPPORTED'],
    ['elements inside one another without end', sampleCda({ head: '<a>'.repeat(10_000) }), 'IMPORT_LIMIT'],
    ['another root', text('<html xmlns="urn:hl7-org:v3"><id root="1.2"/></html>'), 'IMPORT_MALFORMED'],
    [
      'another namespace',
      text('<ClinicalDocument xmlns="urn:x"><id root="1.2"/></ClinicalDocument>'),
      'IMPORT_MALFORMED',
    ],
    ['no identifier', text('<ClinicalDocument xmlns="urn:hl7-org:v3"></ClinicalDocument>'), 'IMPORT_MALFORMED'],
    ['its end cut off', sampleCda().subarray(0, -10), 'IMPORT_MALFORMED'],
    ['UTF-16', Uint8Array.of(0xff, 0xfe, 0x3c, 0), 'IMPORT_UNSUPPORTED'],
    ['nothing', new Uint8Array(0), 'IMPORT_MALFORMED'],
    ['one name without end', text(`<${'a'.repeat(200_000)}`), 'IMPORT_MALFORMED'],
    ['attributes without end', text(`<a ${'b="c" '.repeat(50_000)}`), 'IMPORT_MALFORMED'],
    ['blanks without end', text(`<a${' '.repeat(200_000)}`), 'IMPORT_MALFORMED'],
  ])('with %s is refused', async (_, bytes, code) => {
    await expect(cda(bytes)).rejects.toMatchObject({ code });
  });
});

describe('a PDF', () => {
  it('is whole, also with a letter head before it or a signature behind it', async () => {
    await checkPdf(bytesSource(samplePdf()));
    await checkPdf(bytesSource(Buffer.concat([Buffer.from('\r\n'), samplePdf(), Buffer.alloc(2_000)])));
  });

  it.each([
    ['something else', text('%PS-Adobe')],
    ['cut off', samplePdf().subarray(0, -8)],
    ['empty', new Uint8Array(0)],
  ])('that is %s is refused', async (_, bytes) => {
    await expect(checkPdf(bytesSource(bytes))).rejects.toMatchObject({ code: 'IMPORT_MALFORMED' });
  });

  it('beyond the limit is refused', async () => {
    const source = { ...bytesSource(samplePdf()), lengthBytes: 1_073_741_825 };
    await expect(checkPdf(source)).rejects.toMatchObject({ code: 'IMPORT_LIMIT' });
  });
});
