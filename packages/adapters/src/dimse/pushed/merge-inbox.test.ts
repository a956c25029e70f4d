import type { Uid } from '@interhosp/core/dicom';
import type { StudySummary } from '@interhosp/core/pacs';
import type { IssuedId } from '@interhosp/core/study';
import { describe, expect, it } from 'vitest';
import { mergeStudies } from './merge-inbox.ts';

const UID = '1.2.3' as Uid;

function study(patientId: IssuedId, instances?: number, more: Partial<StudySummary> = {}): StudySummary {
  const header = { modalities: ['CT'], patient: { patientId }, studyInstanceUid: UID };
  return {
    header,
    patient: { patientId },
    studyInstanceUid: UID,
    ...(instances !== undefined && { instances }),
    ...more,
  };
}

async function merged(
  listed: readonly StudySummary[],
  held: readonly StudySummary[],
): Promise<readonly StudySummary[]> {
  async function* answers() {
    yield* listed;
  }
  const all: StudySummary[] = [];
  for await (const each of mergeStudies(answers(), held)) all.push(each);
  return all;
}

const told = (studies: readonly StudySummary[]) =>
  studies.map(({ instances, patient: { patientId } }) => [patientId.id, patientId.issuer, instances]);

describe('studies of the PACS and of the inbox', () => {
  it('are one study where only one of them tells an issuer', async () => {
    const [bare, issued] = [{ id: 'P1' }, { id: 'P1', issuer: 'NORTH' }];
    expect(told(await merged([study(bare, 5)], [study(issued, 5)]))).toEqual([['P1', 'NORTH', undefined]]);
    expect(told(await merged([study(issued, 5)], [study(bare, 5)]))).toEqual([['P1', 'NORTH', undefined]]);
    expect(told(await merged([study({ id: 'P1 ' }, 5)], [study(issued, 5)]))).toHaveLength(1);
  });

  it('are two studies under two patients', async () => {
    const [north, south] = [study({ id: 'P1', issuer: 'NORTH' }, 5), study({ id: 'P1', issuer: 'SOUTH' }, 4)];
    expect(told(await merged([north], [south]))).toEqual([
      ['P1', 'NORTH', 5],
      ['P1', 'SOUTH', 4],
    ]);
    expect(await merged([study({ id: 'P2' }, 5)], [north])).toHaveLength(2);
    // Both were pushed, and the PACS tells of one of them at most.
    expect(await merged([study({ id: 'P1' }, 5)], [north, south])).toHaveLength(2);
  });

  it('are joined under the same issuer rather than under none', async () => {
    const [bare, issued] = [study({ id: 'P1' }, 1), study({ id: 'P1', issuer: 'SOUTH' }, 2)];
    const listed = await merged([study({ id: 'P1', issuer: 'NORTH' }, 5), issued], [issued]);
    expect(told(listed)).toEqual([
      ['P1', 'NORTH', 5],
      ['P1', 'SOUTH', undefined],
    ]);
    expect(told(await merged([], [bare, issued]))).toEqual([['P1', 'SOUTH', 3]]);
    expect(told(await merged([study({ id: 'P1', issuer: 'SOUTH' })], [bare, issued]))).toHaveLength(1);
  });

  it('are counted by nobody where both hold some: five and five others are ten', async () => {
    const [listed] = await merged([study({ id: 'P1' }, 5)], [study({ id: 'P1' }, 5)]);
    expect(listed).toBeDefined();
    expect(listed).not.toHaveProperty('instances');
    expect(told(await merged([study({ id: 'P1' }, 5)], []))).toEqual([['P1', undefined, 5]]);
    expect(told(await merged([], [study({ id: 'P1' }, 4)]))).toEqual([['P1', undefined, 4]]);
  });

  it('have the modalities of both, and otherwise what the PACS tells', async () => {
    const report = { modalities: ['SR'], patient: {}, studyInstanceUid: UID, description: 'pushed' };
    const [listed] = await merged([study({ id: 'P1' })], [study({ id: 'P1' }, 1, { header: report })]);
    expect(listed?.header.modalities).toEqual(['CT', 'SR']);
    expect(listed?.header.description).toBeUndefined();
  });
});
