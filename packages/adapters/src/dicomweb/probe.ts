/**
 * Asks a service once what it can do, with requests that change nothing and open no image: searches for one study, and a
 * store of nothing. Whether whole studies and `transfer-syntax=*` work shows when the first study is retrieved; to fetch
 * one just to see would leave an access in the PACS's audit trail that nobody can explain.
 */
import { PacsError } from '@interhosp/core/errors';
import type { PacsOptions } from '@interhosp/core/pacs';
import { uidOf } from './dicom-json.ts';
import { statusError, unreachable, type HttpClient } from './http-client.ts';
import type { DicomwebProfile } from './learned.ts';
import { multipartBody } from './multipart-writer.ts';
import { askPage, readPage, type PageRange, type Search } from './search-pages.ts';

const STUDIES: Search = { path: ['studies'], keys: [], fields: ['00081030'] };
/** A private attribute that no PACS indexes. */
const UNKNOWN_KEY = ['99990010', 'INTERHOSP'] as const;
const STUDY_INSTANCE_UID = '0020000D';

/** Asks what is not known yet. @throws {PacsError} when the service does not answer at all. */
export async function probe(http: HttpClient, options: PacsOptions): Promise<DicomwebProfile> {
  const isAnswered = await learnSearch(http, options);
  if (http.learned.profile.store === 'unknown') await learnStore(http, isAnswered, options);
  return http.learned.profile;
}

/** Whether the service answers searches at all. */
async function learnSearch(http: HttpClient, options: PacsOptions): Promise<boolean> {
  try {
    const first = await studyAt(http, { limit: 1, offset: 0 }, options);
    if (http.learned.profile.paging === 'unknown') await learnPaging(http, first, options);
    if (http.learned.profile.unknownKeys === 'unknown') await learnUnknownKeys(http, first, options);
    return true;
  } catch (error) {
    // A service may take no search without a key, or none at all; that tells nothing of its store.
    if (!(error instanceof PacsError) || error.code !== 'PACS_REFUSED') throw error;
    return false;
  }
}

interface FirstPage {
  readonly count: number;
  readonly studyInstanceUid: string | undefined;
}

async function studyAt(http: HttpClient, range: PageRange, options: PacsOptions): Promise<FirstPage> {
  const page = await readPage(http, STUDIES, range, options);
  return { count: page.length, studyInstanceUid: page[0] && uidOf(page[0], STUDY_INSTANCE_UID) };
}

async function learnPaging(http: HttpClient, first: FirstPage, options: PacsOptions): Promise<void> {
  if (first.count === 0) return;
  const second = await studyAt(http, { limit: 1, offset: 1 }, options);
  const isSame = second.studyInstanceUid !== undefined && second.studyInstanceUid === first.studyInstanceUid;
  http.learned.note('paging', first.count > 1 || second.count > 1 || isSame ? 'ignored' : 'honoured');
}

async function learnUnknownKeys(http: HttpClient, first: FirstPage, options: PacsOptions): Promise<void> {
  const answer = await askPage(http, { ...STUDIES, keys: [UNKNOWN_KEY], fields: [] }, { limit: 1, offset: 0 }, options);
  await answer.discard();
  if (answer.status === 400) http.learned.note('unknownKeys', 'refused');
  else if (answer.status === 204 && first.count > 0) http.learned.note('unknownKeys', 'matched');
  else if (answer.status === 200 && first.count > 0) http.learned.note('unknownKeys', 'ignored');
}

/** A store without instances: a service that stores complains of it, or answers that nothing was stored. */
async function learnStore(http: HttpClient, isSearchAnswered: boolean, { signal }: PacsOptions): Promise<void> {
  const nothing = multipartBody([]);
  const { boundary, lengthBytes } = nothing;
  const contentType = `multipart/related; type="application/dicom"; boundary=${boundary}`;
  try {
    const body = { contentType, lengthBytes, chunks: () => nothing.chunks() };
    const answer = await http.ask({
      method: 'POST',
      path: ['studies'],
      accept: 'application/dicom+json',
      signal,
      body,
    });
    await answer.discard();
    // Where the same address answers searches, it is the store that is missing, and not a service that is still starting.
    if (isSearchAnswered && LACKS_STORE.has(answer.status)) http.learned.note('store', 'absent');
    else if (answer.status === 403 || LACKS_STORE.has(answer.status)) http.learned.note('store', 'refused');
    else if (answer.status < 500) http.learned.note('store', 'accepted');
    else if (answer.status >= 502) throw statusError(answer.status);
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof PacsError) || error.code !== 'PACS_UNAUTHORIZED') throw unreachable(error);
    http.learned.note('store', 'refused');
  }
}

/** No such service, not allowed, gone, not implemented. */
const LACKS_STORE: ReadonlySet<number> = new Set([404, 405, 410, 501]);
