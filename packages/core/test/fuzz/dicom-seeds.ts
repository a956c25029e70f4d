/** Data sets to damage: the headers of the corpus and of generated studies in every form, at most three kilobytes each. */
import { generateStudy } from '../../src/conformance/sample-studies.ts';
import { bytesSource } from '../../src/dicom/byte-source.ts';
import { concatBytes } from '../../src/dicom/bytes.ts';
import { encodeElement, type VrForm } from '../../src/dicom/encode.ts';
import { TRANSFER_SYNTAXES, vrFormOf } from '../../src/dicom/transfer-syntax.ts';
import type { Uid } from '../../src/dicom/uid.ts';
import { walkElements } from '../../src/dicom/walk.ts';
import { corpusFiles, dataSetOf, plainElements } from '../corpus-files.ts';

/** A data set that is not deflated. */
export interface Seed {
  readonly bytes: Uint8Array;
  readonly transferSyntaxUid: Uid;
}

/** The longest element of the corpus that is kept in a seed: pixels and tables are no headers. */
const MAX_ELEMENT_BYTES = 600;
const MAX_SEED_BYTES = 3_000;

/** Seeds in a fixed order. */
export async function dicomSeeds(): Promise<readonly Seed[]> {
  const seeds: Seed[] = [];
  for (const file of corpusFiles()) {
    const parts = await dataSetOf(file).catch(() => undefined);
    const seed =
      parts && (await shortened(plainElements(parts.dataSet, parts.transferSyntaxUid), parts.transferSyntaxUid));
    if (seed !== undefined) seeds.push(seed);
  }
  for (const kind of ['CT', 'SR', 'PDF'] as const) {
    for (const vrForm of ['explicit', 'implicit'] as const) {
      const [instance] = generateStudy({ kind, vrForm, instances: 1, pixels: 4 }).instances;
      if (instance !== undefined)
        seeds.push({ bytes: instance.dataSet, transferSyntaxUid: instance.transferSyntaxUid });
    }
  }
  return seeds;
}

/** Runs of bytes that mean something: marks, lengths without end, headers of elements that are looked at. */
export function dicomDictionary(): readonly Uint8Array[] {
  const marks = [0xfffee000, 0xfffee00d, 0xfffee0dd].flatMap((tag) => [
    [tag & 0xff, (tag >>> 8) & 0xff, (tag >>> 16) & 0xff, tag >>> 24],
    [tag >>> 24, (tag >>> 16) & 0xff, (tag >>> 8) & 0xff, tag & 0xff],
  ]);
  // A tag is two words; as one number little endian its halves would change places.
  const tags = marks.map(([a = 0, b = 0, c = 0, d = 0], index) => (index % 2 === 0 ? [c, d, a, b] : [a, b, c, d]));
  const lengths = [
    [0, 0, 0, 0],
    [0xff, 0xff, 0xff, 0xff],
    [0xfe, 0xff, 0xff, 0xff],
    [0, 0, 0, 0x80],
  ];
  const forms: readonly VrForm[] = ['explicit', 'explicit-big-endian', 'implicit'];
  const elements = forms.flatMap((form) => [
    encodeElement(form, 0x00080005, 'CS', Buffer.from('ISO 2022 IR 87')),
    encodeElement(form, 0x00100010, 'PN', Buffer.from('A^B=\u001b$B')),
    encodeElement(form, 0x00081140, 'SQ', new Uint8Array(0)),
    encodeElement(form, 0x00091001, 'UN', Uint8Array.of(0xfe, 0xff, 0x00, 0xe0, 0xff, 0xff, 0xff, 0xff)),
    encodeElement(form, 0x04000561, 'SQ', new Uint8Array(0)),
    encodeElement(form, 0x7fe00010, 'OW', Uint8Array.of(1, 2)),
  ]);
  const undefinedSequence = [0x53, 0x51, 0, 0, 0xff, 0xff, 0xff, 0xff];
  const undefinedUnknown = [0x55, 0x4e, 0, 0, 0xff, 0xff, 0xff, 0xff];
  return [
    ...[...tags, ...lengths, undefinedSequence, undefinedUnknown].map((one) => Uint8Array.from(one)),
    ...elements,
  ];
}

async function shortened(bytes: Uint8Array, transferSyntaxUid: Uid): Promise<Seed | undefined> {
  const isDeflated = transferSyntaxUid === TRANSFER_SYNTAXES.DeflatedExplicitVRLittleEndian;
  const form = vrFormOf(isDeflated ? TRANSFER_SYNTAXES.ExplicitVRLittleEndian : transferSyntaxUid);
  const kept: Uint8Array[] = [];
  let keptBytes = 0;
  try {
    for await (const { headerOffset, endOffset } of walkElements(bytesSource(bytes), form)) {
      const length = endOffset - headerOffset;
      if (length > MAX_ELEMENT_BYTES || keptBytes + length > MAX_SEED_BYTES) continue;
      kept.push(bytes.subarray(headerOffset, endOffset));
      keptBytes += length;
    }
  } catch {
    // What was read until then is a seed, too.
  }
  return kept.length === 0 ? undefined : { bytes: concatBytes(kept), transferSyntaxUid };
}
