/**
 * What a PACS is asked before storage commitment is promised for it (PS3.4 J.3.3): whether it lists each instance now, under
 * the class that was named. A request names no studies, so they are gone through one after another until all are found.
 */
import type { Uid } from '@interhosp/core/dicom';
import type { InstanceReference, PacsSource } from '@interhosp/core/pacs';
import { FAILURE_REASONS } from './commitment-message.ts';
import type { CommitmentScpOptions } from './commitment-scp.ts';

/** Tells of instances what a PACS lists of them. */
export function verifyIn(pacs: Pick<PacsSource, 'findInstances' | 'findStudies'>): CommitmentScpOptions['verify'] {
  return async (references, signal) => {
    const found = await lookFor(pacs, references, signal);
    return references.map(({ sopClassUid, sopInstanceUid }) => {
      if (!found.has(sopInstanceUid)) return FAILURE_REASONS.noSuchInstance;
      // A PACS need not say of what class an instance is; its UID is of one object alone.
      const held = found.get(sopInstanceUid) ?? sopClassUid;
      return held === sopClassUid ? undefined : FAILURE_REASONS.classInstanceConflict;
    });
  };
}

async function lookFor(
  pacs: Pick<PacsSource, 'findInstances' | 'findStudies'>,
  references: readonly InstanceReference[],
  signal: AbortSignal,
): Promise<ReadonlyMap<Uid, Uid | undefined>> {
  const found = new Map<Uid, Uid | undefined>();
  const wanted = new Set(references.map(({ sopInstanceUid }) => sopInstanceUid));
  for await (const { studyInstanceUid } of pacs.findStudies({}, { signal })) {
    for await (const { sopClassUid, sopInstanceUid } of pacs.findInstances(studyInstanceUid, { signal })) {
      if (wanted.delete(sopInstanceUid)) found.set(sopInstanceUid, sopClassUid);
    }
    if (wanted.size === 0) break;
  }
  return found;
}
