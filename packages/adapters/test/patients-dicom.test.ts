// The directory over a real Orthanc, by both ways of searching it.
import { dicomwebPacs } from '@interhosp/adapters/dicomweb';
import { dimsePacs } from '@interhosp/adapters/dimse';
import { patientsDicom, type SearchedPacs } from '@interhosp/adapters/patients-dicom';
import { generateStudy } from '@interhosp/core/conformance';
import { part10Header } from '@interhosp/core/dicom';
import type { ArrivingPatient } from '@interhosp/core/study';
import { debianIsMissing, startOrthanc, type Orthanc } from '@interhosp/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { peerAt } from './dimse-archive.ts';

const NOBODY = { family: '', given: '', middle: '', prefix: '', suffix: '' };
const named = (family: string, given: string, birthDate: string): ArrivingPatient => ({
  name: { alphabetic: { ...NOBODY, family, given } },
  birthDate,
});

const PATIENTS: readonly ArrivingPatient[] = [
  { patientId: { id: '85073003328', issuer: 'HERE' }, ...named('Van den Berghe', 'Jan', '1985-07-30'), sex: 'M' },
  { patientId: { id: 'L2', issuer: 'HERE' }, ...named('Lefèvre', 'Hélène', '1942-01-22'), sex: 'F' },
  { patientId: { id: 'L3' }, ...named('Claes', 'Anna', '1970-01-05'), sex: 'F' },
  { patientId: { id: 'L4', issuer: 'THERE' }, ...named('Claes', 'Anna', '1970-01-05'), sex: 'F' },
  { patientId: { id: 'L5', issuer: 'HERE' }, ...named('Willems', 'Lucas', '2004-03-11'), sex: 'M' },
];

describe.skipIf(debianIsMissing())('a directory over Orthanc', () => {
  let orthanc: Orthanc;

  beforeAll(async () => {
    orthanc = await startOrthanc();
    for (const [seed, patient] of PATIENTS.entries()) {
      // Two studies each, in which one patient must be one.
      for (const part of ['a', 'b']) {
        for (const each of generateStudy({ seed: `${seed}${part}`, instances: 1, pixels: 8, patient }).instances) {
          const body = new Uint8Array(Buffer.concat([part10Header(each), each.dataSet]));
          const answer = await fetch(`${orthanc.url}/instances`, { method: 'POST', body });
          if (!answer.ok) throw new Error(`Orthanc answered ${answer.status}`);
          await answer.arrayBuffer();
        }
      }
    }
  });

  afterAll(() => orthanc?.stop());

  const ways: Readonly<Record<string, () => SearchedPacs>> = {
    DIMSE: () => dimsePacs({ peer: peerAt(orthanc.dicomPort, orthanc.aeTitle) }),
    DICOMweb: () => dicomwebPacs({ baseUrl: orthanc.dicomwebUrl, pageSize: 2 }),
  };

  it.each(Object.keys(ways))('finds whoever is near, by %s', async (way) => {
    const directory = patientsDicom({ pacs: ways[way]!(), issuer: 'HERE', patients: 5 });
    await directory.start();
    const idsFor = async (arrival: ArrivingPatient): Promise<readonly string[]> =>
      (await directory.candidates(arrival)).map(({ patientId }) => patientId.id);
    expect(await idsFor({ nationalNumber: '85073003328', birthDate: '1985-07-30' })).toEqual(['85073003328']);
    expect(await idsFor(named('VANDENBERGHE', 'J', '1985-07-30'))).toEqual(['85073003328']);
    expect(await idsFor(named('LEFEVRE', 'HELENE', '1942-01-22'))).toEqual(['L2']);
    expect(await idsFor(named('claes', 'anna', '1970-05-01'))).toContain('L3');
    expect(await idsFor(named('claes', 'anna', '1970-05-01'))).not.toContain('L4');
    expect(await idsFor(named('Okonkwo', 'Xiomara', '1971-09-27'))).toEqual([]);
    expect(await idsFor(named('*', '*', '1971-09-27'))).toEqual([]);
    expect(await directory.get('L2')).toEqual({ ...PATIENTS[1] });
    expect((await directory.get('L3'))?.patientId).toEqual({ id: 'L3', issuer: 'HERE' });
    for (const id of ['l2', 'L*', 'L9']) expect(await directory.get(id)).toBeUndefined();
    await directory.stop();
  });

  it.each(Object.keys(ways))('is unavailable when it is away, by %s', async (way) => {
    const directory = patientsDicom({ pacs: ways[way]!(), issuer: 'HERE', patients: 5 });
    await directory.start();
    await orthanc.kill();
    try {
      await expect(directory.candidates(named('Claes', 'Anna', '1970-01-05'))).rejects.toThrow('DIRECTORY_UNAVAILABLE');
      await expect(directory.get('L2')).rejects.toThrow('DIRECTORY_UNAVAILABLE');
    } finally {
      await directory.stop();
      await orthanc.restart();
    }
  });
});
