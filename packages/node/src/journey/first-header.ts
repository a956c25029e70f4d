/**
 * What the rules are asked with: the header of one instance of a study, and how many there are. A few instances that cannot
 * be read must not keep a study at home.
 */
import { readStudyHeader } from '@interhosp/core/dicom';
import { errorCodeOf } from '@interhosp/core/errors';
import type { InstanceSummary, PacsSource, StudySummary } from '@interhosp/core/pacs';
import type { StudyHeader } from '@interhosp/core/study';
import { prefixSource } from './prefix-source.ts';

/** So many instances are tried for a header that can be read. */
const MAX_HEADER_TRIES = 5;

/** Where headers are read, and what is known of national numbers. */
export interface HeaderPorts {
  readonly source: PacsSource;
  readonly settings: { readonly nationalNumberIssuers: readonly string[] };
}

/** How many instances the PACS holds of a study now: its own word, or counted where it does not say. */
export async function instancesOf(
  { source }: Pick<HeaderPorts, 'source'>,
  { instances, studyInstanceUid }: StudySummary,
  signal: AbortSignal,
): Promise<number> {
  if (instances !== undefined) return instances;
  let counted = 0;
  for await (const _ of source.findInstances(studyInstanceUid, { signal })) counted++;
  return counted;
}

/**
 * The header of one instance, with what the PACS says of the study as a whole.
 *
 * @throws {DicomError} when none of the first few instances can be read.
 */
export async function headerOf(ports: HeaderPorts, summary: StudySummary, signal: AbortSignal): Promise<StudyHeader> {
  const listed = await firstOf(ports.source.findInstances(summary.studyInstanceUid, { signal }), MAX_HEADER_TRIES);
  const tries = listed.length === 0 ? [[]] : listed.map((instance) => [instance]);
  const failures: unknown[] = [];
  for (const instances of tries) {
    try {
      const header = await headerIn(ports, summary, instances, signal);
      if (header !== undefined) return header;
    } catch (error) {
      // What is wrong with this one instance says nothing of the next; a PACS that fails does.
      if (errorCodeOf(error)?.startsWith('DICOM_') !== true) throw error;
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return summary.header;
}

/** Undefined when nothing comes. */
async function headerIn(
  { settings, source }: HeaderPorts,
  summary: StudySummary,
  instances: readonly InstanceSummary[],
  signal: AbortSignal,
): Promise<StudyHeader | undefined> {
  for await (const { dataSet, transferSyntaxUid } of source.retrieve(summary.studyInstanceUid, { instances, signal })) {
    const { nationalNumberIssuers } = settings;
    const { header } = await readStudyHeader(await prefixSource(dataSet), transferSyntaxUid, { nationalNumberIssuers });
    const modalities = [...new Set([...header.modalities, ...summary.header.modalities])].toSorted();
    return { ...header, modalities };
  }
  return undefined;
}

async function firstOf<T>(items: AsyncIterable<T>, most: number): Promise<readonly T[]> {
  const first: T[] = [];
  for await (const item of items) if (first.push(item) === most) break;
  return first;
}
