/** The real files that journeys are tried on: those kept with core's tests, and the folder that INTERHOSP_CORPUS names. */
import { globSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitFor, type Hospital } from './hospitals.ts';

/** A file as somebody made it. */
export interface CorpusFile {
  /** `pydicom/CT_small.dcm` */
  readonly name: string;
  readonly bytes: Buffer;
}

const OWN = fileURLToPath(new URL('../../../core/test/corpus', import.meta.url));

/** Every file once, in order of names. */
export function corpusFiles(): readonly CorpusFile[] {
  const byName = new Map<string, CorpusFile>();
  for (const folder of [OWN, process.env['INTERHOSP_CORPUS']]) {
    if (folder === undefined) continue;
    for (const path of globSync(`${folder}/*/*`)) {
      const name = relative(folder, path);
      if (!name.endsWith('.md') && !byName.has(name)) byName.set(name, { bytes: readFileSync(path), name });
    }
  }
  return [...byName.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1));
}

/** Sends a study, lets a person decide that its patient is `P2`, and says how it ended: `CLOSED`, or a code. */
export async function journeyOf(studyInstanceUid: string, from: Hospital, to: Hospital): Promise<string> {
  let exchangeId: string;
  try {
    ({ exchangeId } = await (await from.api).send({ by: 'tester', studyInstanceUid, to: to.member }));
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
  let isDecided = false;
  return await waitFor(`the end of ${studyInstanceUid}`, async () => {
    const [there, here] = await Promise.all([from.find(exchangeId), to.find(exchangeId)]);
    if (there?.state === 'CLOSED') return 'CLOSED';
    for (const job of [there, here]) if (job?.state === 'HELD') return job.reason ?? 'HELD';
    if (!isDecided && ['AWAITING_PATIENT', 'REVIEW'].includes(here?.patientState ?? '')) {
      isDecided = true;
      await (await to.api).decide(exchangeId, { by: 'tester', kind: 'link', patientId: 'P2' });
    }
    return undefined;
  });
}
