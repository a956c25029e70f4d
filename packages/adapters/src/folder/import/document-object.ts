/** Encapsulated PDF (PS3.3 A.45.1) and Encapsulated CDA (A.45.2): the document, byte for byte, in one element. */
import { TRANSFER_SYNTAXES, type Uid } from '@interhosp/core/dicom';
import { codeItem, type Attributes } from './attributes.ts';
import type { CdaHead } from './cda.ts';
import type { Code } from './sidecar.ts';
import { commonModules, setValue, type Subject } from './common-modules.ts';
import { withValue, type ComposedObject } from './composed.ts';

const PDF = '1.2.840.10008.5.1.4.1.1.104.1' as Uid;
const CDA = '1.2.840.10008.5.1.4.1.1.104.2' as Uid;
const ENCAPSULATED_DOCUMENT = 0x00420011;

/** @throws {ImportError} */
export function pdfObject(subject: Subject, lengthBytes: number): ComposedObject {
  const level = documentModules(PDF, subject, lengthBytes, 'application/pdf');
  return composed(PDF, level, lengthBytes);
}

/** @throws {ImportError} */
export function cdaObject(subject: Subject, lengthBytes: number, head: CdaHead): ComposedObject {
  // A.45.2: the MIME type of a CDA document is written so.
  const level = documentModules(CDA, subject, lengthBytes, 'text/XML', head);
  level.text(0x0040e001, 'ST', head.instanceIdentifier);
  return composed(CDA, level, lengthBytes);
}

/** SC Equipment (C.8.6.1), Encapsulated Document Series (C.24.1), Encapsulated Document (C.24.2). */
function documentModules(
  sopClassUid: Uid,
  subject: Subject,
  lengthBytes: number,
  mimeType: string,
  head: Partial<CdaHead> = {},
): Attributes {
  const { codes, values } = subject.said;
  const level = commonModules({ sopClassUid, modality: 'DOC' }, subject);
  // Type 1 in these series.
  setValue(level, subject, 'SeriesNumber', values.get('SeriesNumber') ?? '1');
  setValue(level, subject, 'ConversionType', values.get('ConversionType') ?? 'WSD');
  for (const keyword of ['ContentDate', 'ContentTime', 'AcquisitionDateTime'] as const) {
    setValue(level, subject, keyword, values.get(keyword) ?? '');
  }
  setValue(level, subject, 'DocumentTitle', values.get('DocumentTitle') ?? head.title ?? '');
  // A document names its patient on its pages, unless somebody says that it does not.
  setValue(level, subject, 'BurnedInAnnotation', values.get('BurnedInAnnotation') ?? 'YES');
  const code = codes.get('ConceptNameCodeSequence') ?? loinc(head);
  level.sequence(0x0040a043, ...(code === undefined ? [] : [codeItem(code)]));
  level.text(0x00420012, 'LO', mimeType);
  level.numbers(0x00420015, 'UL', lengthBytes);
  return level;
}

function loinc({ code }: Partial<CdaHead>): Code | undefined {
  return code && { CodeValue: code.value, CodingSchemeDesignator: 'LN', CodeMeaning: code.meaning };
}

function composed(sopClassUid: Uid, level: Attributes, lengthBytes: number): ComposedObject {
  return {
    sopClassUid,
    transferSyntaxUid: TRANSFER_SYNTAXES.ExplicitVRLittleEndian,
    parts: withValue(level, ENCAPSULATED_DOCUMENT, 'OB', { from: 0, lengthBytes }),
  };
}
