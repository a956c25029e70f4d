/** Looks for instances whose store nobody answered for: a search tells whether the PACS holds them. */
import type { Uid } from '@interhosp/core/dicom';
import { isInterhospError } from '@interhosp/core/errors';
import type { PacsOptions, StorableInstance } from '@interhosp/core/pacs';
import type { HttpClient } from './http-client.ts';
import { VERIFY_WITHIN_MS } from './limits.ts';
import { searchInstances } from './search.ts';

/** UIDs of one search, so that its address stays below 8 kB. */
const LIST_UIDS = 50;

/**
 * Which of these instances the PACS lists now; none where it does not answer in time. Not finding one proves nothing, as some
 * index late.
 */
export async function heldOf(
  http: HttpClient,
  instances: readonly StorableInstance[],
  { signal }: PacsOptions,
): Promise<ReadonlySet<Uid>> {
  const held = new Set<Uid>();
  const limit = new AbortController();
  const stop = (): void => limit.abort();
  const timer = setTimeout(stop, VERIFY_WITHIN_MS);
  signal?.addEventListener('abort', stop);
  try {
    signal?.throwIfAborted();
    for (const [studyInstanceUid, some] of Map.groupBy(instances, (each) => each.studyInstanceUid)) {
      for (const uids of listsOf(some.map((each) => each.sopInstanceUid))) {
        await look(http, studyInstanceUid, uids, limit.signal, held);
      }
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (!limit.signal.aborted && !isInterhospError(error)) throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
  return held;
}

async function look(
  http: HttpClient,
  studyInstanceUid: Uid,
  uids: readonly Uid[],
  signal: AbortSignal,
  held: Set<Uid>,
): Promise<void> {
  const options = { signal, pageSize: LIST_UIDS };
  const search = async (sopInstanceUids: readonly Uid[]): Promise<boolean> => {
    let isFound = false;
    for await (const { sopInstanceUid } of searchInstances(http, studyInstanceUid, { ...options, sopInstanceUids })) {
      held.add(sopInstanceUid);
      isFound = true;
    }
    return isFound;
  };
  if ((await search(uids)) || uids.length === 1) return;
  // A service without lists of UIDs takes them for one UID, which it does not hold; the first tells.
  const [first, ...rest] = uids;
  if (first === undefined || !(await search([first]))) return;
  for (const uid of rest) await search([uid]);
}

function* listsOf(uids: readonly Uid[]): Generator<readonly Uid[]> {
  for (let at = 0; at < uids.length; at += LIST_UIDS) yield uids.slice(at, at + LIST_UIDS);
}
