import { generateStudy, type SampleInstance } from '@interhosp/core/conformance';
import {
  createHeaderScanner,
  interpretHeader,
  STUDY_HEADER_TAGS,
  TAGS,
  type HeaderValues,
} from '@interhosp/core/dicom';
import { describe, expect, it } from 'vitest';
import { HeaderMemory } from './header-memory.ts';

function valuesOf({ dataSet }: SampleInstance): HeaderValues {
  const scanner = createHeaderScanner({ form: 'explicit', wanted: STUDY_HEADER_TAGS });
  scanner.push(dataSet);
  scanner.end();
  return scanner.values;
}

const study = generateStudy({ instances: 3, seed: 'memory' });
const others = Array.from({ length: 70 }, (_, index) => generateStudy({ instances: 2, seed: `memory-${index}` }));

describe('the memory of headers', () => {
  it('reads what a header says, and gives the instances of a study one object', () => {
    const memory = new HeaderMemory();
    const all = [study, ...others].flatMap(({ instances }) => instances);
    // Twice, the second time with most of them forgotten.
    for (const instance of [...all, ...all]) {
      const values = valuesOf(instance);
      const { header, identity } = interpretHeader(values, instance.transferSyntaxUid);
      expect(memory.read(values, instance.transferSyntaxUid)).toEqual({ ...identity, header });
    }
    const [one, two] = study.instances.map((each) => memory.read(valuesOf(each), each.transferSyntaxUid).header);
    expect(one).toBe(two);
  });

  it('tells apart what differs in any value, be it only how it is written', () => {
    const memory = new HeaderMemory();
    const [instance] = study.instances as [SampleInstance];
    const values = new Map(valuesOf(instance));
    const known = memory.read(values, instance.transferSyntaxUid).header;
    const name = values.get(TAGS.PatientName);
    if (name === undefined) throw new Error('a name');
    const other = new Map(values).set(TAGS.PatientName, { ...name, bytes: Buffer.from('Other^Person') });
    expect(memory.read(other, instance.transferSyntaxUid).header.patient.name).not.toEqual(known.patient.name);
    const unread = new Map(values).set(TAGS.PatientName, { ...name, isUndefinedLength: true });
    expect(memory.read(unread, instance.transferSyntaxUid).header.patient.name).toBeUndefined();
  });

  it('knows no instance without identifiers, of whatever study', () => {
    const memory = new HeaderMemory();
    const [instance] = study.instances as [SampleInstance];
    const values = new Map(valuesOf(instance));
    memory.read(values, instance.transferSyntaxUid);
    for (const tag of [TAGS.SOPInstanceUID, TAGS.SeriesInstanceUID, TAGS.SOPClassUID, TAGS.StudyInstanceUID]) {
      const without = new Map(values);
      without.delete(tag);
      expect(() => memory.read(without, instance.transferSyntaxUid)).toThrow(/DICOM_IDENTITY_MISSING/);
    }
  });
});
