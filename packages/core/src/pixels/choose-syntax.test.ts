import { describe, expect, it } from 'vitest';
import { TRANSFER_SYNTAXES } from '../dicom/transfer-syntax.ts';
import type { Uid } from '../dicom/uid.ts';
import { chooseSyntax } from './choose-syntax.ts';

const { ExplicitVRBigEndian, ExplicitVRLittleEndian: EXPLICIT, ImplicitVRLittleEndian: IMPLICIT } = TRANSFER_SYNTAXES;
const uid = (text: string) => text as Uid;
const JPEG_2000 = uid('1.2.840.10008.1.2.4.90');
const BASELINE = uid('1.2.840.10008.1.2.4.50');
const HTJ2K = uid('1.2.840.10008.1.2.4.201');
const MPEG4 = uid('1.2.840.10008.1.2.4.102');

describe('the transfer syntax in which an instance is filed', () => {
  it.each(['never', 'lossless'] as const)('is its own where the PACS takes it, with decoding %s', (policy) => {
    expect(chooseSyntax(JPEG_2000, [EXPLICIT, JPEG_2000], policy)).toEqual({ kind: 'as-stored' });
    expect(chooseSyntax(MPEG4, [MPEG4], policy)).toEqual({ kind: 'as-stored' });
  });

  it('is its own where nothing is known of the PACS', () => {
    expect(chooseSyntax(BASELINE, undefined, 'never')).toEqual({ kind: 'as-stored' });
  });

  it('is Explicit VR Little Endian where the PACS takes that, else Implicit', () => {
    for (const stored of ['.4.57', '.4.70', '.4.80', '.4.81', '.4.90', '.4.91', '.5', '.1.98']) {
      const from = uid(`1.2.840.10008.1.2${stored}`);
      expect(chooseSyntax(from, [IMPLICIT, EXPLICIT], 'lossless')).toEqual({
        kind: 'rewritten',
        transferSyntaxUid: EXPLICIT,
      });
      expect(chooseSyntax(from, [IMPLICIT], 'lossless')).toEqual({ kind: 'rewritten', transferSyntaxUid: IMPLICIT });
    }
  });

  it('is the other VR form for what is not compressed', () => {
    expect(chooseSyntax(EXPLICIT, [IMPLICIT], 'lossless')).toEqual({ kind: 'rewritten', transferSyntaxUid: IMPLICIT });
    expect(chooseSyntax(IMPLICIT, [EXPLICIT], 'lossless')).toEqual({ kind: 'rewritten', transferSyntaxUid: EXPLICIT });
  });

  it('is none where the site does not allow decoding', () => {
    expect(chooseSyntax(JPEG_2000, [EXPLICIT], 'never')).toEqual({ code: 'PACS_SYNTAX_REFUSED', kind: 'refused' });
  });

  it('is none for what does not decode to the same bits everywhere, or is not read here', () => {
    for (const stored of [BASELINE, uid('1.2.840.10008.1.2.4.51'), HTJ2K, MPEG4, ExplicitVRBigEndian, uid('1.2.3.4')]) {
      expect(chooseSyntax(stored, [IMPLICIT, EXPLICIT], 'lossless')).toEqual({
        code: 'PACS_SYNTAX_REFUSED',
        kind: 'refused',
      });
    }
  });

  it('is none where the PACS takes no plain syntax either', () => {
    expect(chooseSyntax(JPEG_2000, [BASELINE], 'lossless')).toEqual({ code: 'PACS_SYNTAX_REFUSED', kind: 'refused' });
  });

  it('is none where the PACS takes nothing of the class', () => {
    expect(chooseSyntax(EXPLICIT, [], 'lossless')).toEqual({ code: 'PACS_CLASS_REFUSED', kind: 'refused' });
  });
});
