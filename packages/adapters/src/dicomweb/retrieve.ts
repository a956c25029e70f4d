/**
 * Retrieving (WADO-RS, PS3.18 10.4): a small study in one request, a big one instance by instance, since servers make whole
 * answers in memory. Complete means: the closing boundary, and as many instances as the search listed.
 *
 * `transfer-syntax=*` is essential: without it servers transcode to explicit little endian (PS3.18 8.7.3.5). A server that
 * refuses it is asked with the syntaxes by name, the encapsulated ones first, so that what it holds is among them.
 */
import { readPart10, TRANSFER_SYNTAXES, type Uid } from '@interhosp/core/dicom';
import { errorCodeOf, PacsError } from '@interhosp/core/errors';
import type { InstanceSummary, PacsOptions, RetrievedInstance } from '@interhosp/core/pacs';
import { patiently, statusError, unreachable, type HttpAnswer, type HttpClient } from './http-client.ts';
import { ASKED_AHEAD, MAX_PARTS, SMALL_ANSWER_BYTES } from './limits.ts';
import { MultipartError, readMultipart } from './multipart-reader.ts';
import { searchInstances, searchStudies, type ListedInstance } from './search.ts';

const ACCEPT_STORED = 'multipart/related; type="application/dicom"; transfer-syntax=*';
/** PS3.6 A.1: what images, videos and documents are kept in; nothing that loses where something that does not will do. */
const ENCAPSULATED: readonly string[] = (
  '4.90 4.80 4.70 4.57 4.201 4.202 5 4.91 4.81 4.203 4.50 4.51 ' +
  '4.100 4.101 4.102 4.103 4.104 4.105 4.106 4.107 4.108'
)
  .split(' ')
  .map((end) => `1.2.840.10008.1.2.${end}`);
const ACCEPT_BY_NAME = [...ENCAPSULATED, ...Object.values(TRANSFER_SYNTAXES)]
  .map((uid) => `multipart/related; type="application/dicom"; transfer-syntax=${uid}`)
  .join(', ');

/** Instances whose size is looked at. */
const SAMPLE = 8;

/** How studies are retrieved. */
export interface RetrieveOptions extends PacsOptions {
  readonly instances?: readonly InstanceSummary[];
  /** In one request, instance by instance, or by the size the search suggests. */
  readonly mode: 'auto' | 'study' | 'instance';
  /** With `auto`, the size from which on instances come one by one. */
  readonly wholeStudyBytes: number;
  readonly pageSize: number;
}

/**
 * Retrieves a study or some instances of it. What cannot be read of one instance is thrown by its data set.
 *
 * @throws {PacsError} with `retry: 'later'` also where the PACS does not find the study or does not let us in: it was
 *   listed before, and rights and passwords are mended while exchanges wait.
 */
export async function* retrieve(
  http: HttpClient,
  studyInstanceUid: Uid,
  options: RetrieveOptions,
): AsyncGenerator<RetrievedInstance, void, undefined> {
  yield* patiently(retrieved(http, studyInstanceUid, options));
}

async function* retrieved(
  http: HttpClient,
  studyInstanceUid: Uid,
  options: RetrieveOptions,
): AsyncGenerator<RetrievedInstance, void, undefined> {
  if (options.instances !== undefined) {
    yield* oneByOne(http, studyInstanceUid, options.instances, options);
    return;
  }
  const expected = await instancesHeld(http, studyInstanceUid, options);
  if (expected === 0) throw new PacsError('PACS_STUDY_UNKNOWN', { details: { studyInstanceUid } });
  const { sample, isAll } = await sampleOf(http, studyInstanceUid, options);
  if (isWhole(http, sample, expected, options)) {
    const answer = await ask(http, ['studies', studyInstanceUid], options);
    if (!HAS_NO_STUDIES.has(answer.status)) {
      if (answer.status === 200) http.learned.note('retrieval', 'study');
      yield* wholeStudy(answer, expected, options);
      return;
    }
    // Orthanc does not find a study that stands under two patients, yet its instances one by one.
    if (answer.status !== 404) http.learned.note('retrieval', 'instance');
    await answer.discard();
  }
  // Orthanc reads the files of the instances it lists: what is known already is not asked again.
  const listed = isAll ? sample : await listOf(searchInstances(http, studyInstanceUid, options));
  if (listed.length === 0) throw new PacsError('PACS_INCOMPLETE', { details: { instances: 0, count: expected } });
  yield* oneByOne(http, studyInstanceUid, listed, options);
}

/** Not found, not allowed, not implemented. */
const HAS_NO_STUDIES: ReadonlySet<number> = new Set([404, 405, 501]);

/** How many instances the PACS says it holds. Counting them one by one takes Orthanc milliseconds each. */
async function instancesHeld(http: HttpClient, studyInstanceUid: Uid, options: RetrieveOptions): Promise<number> {
  let count = 0;
  let isTold = true;
  for await (const study of searchStudies(http, { studyInstanceUid }, options)) {
    count += study.instances ?? 0;
    isTold &&= study.instances !== undefined;
  }
  if (isTold && count > 0) return count;
  const uids = new Set<Uid>();
  for await (const { sopInstanceUid } of searchInstances(http, studyInstanceUid, options)) uids.add(sopInstanceUid);
  return uids.size;
}

/**
 * The first few instances, where how the study comes depends on their size. They are all of them where the list ended:
 * never by the count that the study was listed with, which may be of yesterday.
 */
async function sampleOf(
  http: HttpClient,
  studyInstanceUid: Uid,
  options: RetrieveOptions,
): Promise<{ readonly sample: readonly ListedInstance[]; readonly isAll: boolean }> {
  const sample: ListedInstance[] = [];
  if (options.mode !== 'auto' || http.learned.profile.retrieval === 'instance') return { sample, isAll: false };
  for await (const instance of searchInstances(http, studyInstanceUid, { ...options, pageSize: SAMPLE })) {
    sample.push(instance);
    if (sample.length === SAMPLE) return { sample, isAll: false };
  }
  return { sample, isAll: true };
}

async function listOf(instances: AsyncIterable<ListedInstance>): Promise<readonly ListedInstance[]> {
  const list: ListedInstance[] = [];
  for await (const instance of instances) list.push(instance);
  return list;
}

/** Whether a study comes in one request: as told, or when its sample suggests that it is small. */
function isWhole(
  http: HttpClient,
  sample: readonly ListedInstance[],
  instances: number,
  { mode, wholeStudyBytes }: RetrieveOptions,
): boolean {
  if (mode !== 'auto') return mode === 'study';
  if (http.learned.profile.retrieval === 'instance' || instances > MAX_PARTS) return false;
  const largest = Math.max(0, ...sample.map(({ estimatedBytes }) => estimatedBytes));
  return largest * instances <= wholeStudyBytes;
}

async function* wholeStudy(
  answer: HttpAnswer,
  expected: number,
  options: PacsOptions,
): AsyncGenerator<RetrievedInstance, void, undefined> {
  let count = 0;
  for await (const instance of instancesOf(answer, options)) {
    count++;
    yield instance;
  }
  if (count < expected) throw new PacsError('PACS_INCOMPLETE', { details: { instances: count, count: expected } });
}

/** Asks for the next instances while the one before is read: for some where they are small, as each waits in memory. */
async function* oneByOne(
  http: HttpClient,
  studyInstanceUid: Uid,
  instances: readonly (InstanceSummary & Partial<ListedInstance>)[],
  options: RetrieveOptions,
): AsyncGenerator<RetrievedInstance, void, undefined> {
  const queue = [...new Map(instances.map((each) => [each.sopInstanceUid, each])).values()];
  const askFor = ({ seriesInstanceUid, sopInstanceUid, storedSyntaxes }: (typeof queue)[number]) => {
    const path = ['studies', studyInstanceUid, 'series', seriesInstanceUid, 'instances', sopInstanceUid];
    const asked = ask(http, path, options);
    // Looked at when its turn comes; until then nobody waits for it.
    asked.catch(() => {});
    return { asked, sopInstanceUid, storedSyntaxes };
  };
  const coming = queue.splice(0, 1).map(askFor);
  try {
    for (let first = coming[0]; first !== undefined; first = coming[0]) {
      const { asked, sopInstanceUid, storedSyntaxes } = first;
      const answer: HttpAnswer = await asked;
      coming.shift();
      if (answer.status === 404) throw await missing(http, studyInstanceUid, answer, options);
      const ahead = (answer.lengthBytes ?? Number.POSITIVE_INFINITY) <= SMALL_ANSWER_BYTES ? ASKED_AHEAD : 1;
      coming.push(...queue.splice(0, Math.max(0, ahead - coming.length)).map(askFor));
      let count = 0;
      for await (const instance of instancesOf(answer, options)) {
        count++;
        if (storedSyntaxes !== undefined) learnSyntax(http, storedSyntaxes, instance.transferSyntaxUid);
        // As it was asked for: of a file that cannot be read, the meta information may be another's.
        yield { ...instance, sopInstanceUid };
      }
      if (count === 0) throw new PacsError('PACS_INCOMPLETE', { details: { instances: 0 } });
    }
  } finally {
    for (const { asked } of coming) {
      await asked.then(
        (answer) => answer.discard(),
        () => {},
      );
    }
  }
}

/** Compares what came with what the service lists as available (0008,3002). */
function learnSyntax({ learned }: HttpClient, stored: readonly Uid[], came: Uid): void {
  const { anyTransferSyntax } = learned.profile;
  if (anyTransferSyntax === 'refused') return;
  if (!stored.includes(came)) learned.note('anyTransferSyntax', 'ignored');
  // The default syntax comes also from those that decode everything.
  else if (came !== TRANSFER_SYNTAXES.ExplicitVRLittleEndian && anyTransferSyntax === 'unknown') {
    learned.note('anyTransferSyntax', 'honoured');
  }
}

/** What it means that an instance is not found: that its study is not held, or that less is held than was listed. */
async function missing(
  http: HttpClient,
  studyInstanceUid: Uid,
  answer: HttpAnswer,
  options: RetrieveOptions,
): Promise<PacsError> {
  await answer.discard();
  for await (const _ of searchInstances(http, studyInstanceUid, options)) {
    return new PacsError('PACS_INCOMPLETE', { details: { status: 404 } });
  }
  return new PacsError('PACS_STUDY_UNKNOWN', { details: { studyInstanceUid } });
}

async function* instancesOf(
  answer: HttpAnswer,
  options: PacsOptions,
): AsyncGenerator<RetrievedInstance, void, undefined> {
  const { status, mediaType } = answer;
  const boundary = mediaType?.parameters.get('boundary');
  const isMultipart = mediaType?.type.startsWith('multipart/') === true && boundary !== undefined;
  if (status !== 200 || (!isMultipart && mediaType?.type !== 'application/dicom')) {
    await answer.discard();
    if (status >= 400) throw statusError(status);
    throw new PacsError('PACS_PROTOCOL', { details: { status, reason: 'media-type' } });
  }
  if (!isMultipart) {
    const body = answer.body[Symbol.asyncIterator]();
    try {
      yield await instanceOf({ [Symbol.asyncIterator]: () => body }, options);
    } finally {
      // Left unread, it would keep its connection.
      await body.return?.();
    }
    return;
  }
  const parts = readMultipart(answer.body, boundary);
  try {
    for (;;) {
      const next = await translated(() => parts.next(), options);
      if (next.done === true) return;
      yield await instanceOf(next.value.body, options);
    }
  } finally {
    await parts.return(undefined);
  }
}

async function instanceOf(body: AsyncIterable<Uint8Array>, options: PacsOptions): Promise<RetrievedInstance> {
  try {
    const { sopInstanceUid, transferSyntaxUid, dataSet } = await translated(() => readPart10(body), options);
    return {
      transferSyntaxUid,
      ...(sopInstanceUid !== undefined && { sopInstanceUid }),
      dataSet: translatedStream(dataSet, options),
    };
  } catch (error) {
    if (!isOfOneInstance(error)) throw error;
    // One that is no DICOM file says so in its place, and the others go on. It has no transfer syntax: any will do.
    return { transferSyntaxUid: TRANSFER_SYNTAXES.ExplicitVRLittleEndian, dataSet: failing(error) };
  }
}

function isOfOneInstance(error: unknown): boolean {
  return errorCodeOf(error)?.startsWith('DICOM_') === true;
}

// oxlint-disable-next-line require-yield
async function* failing(error: unknown): AsyncGenerator<Uint8Array, void, undefined> {
  throw error;
}

async function* translatedStream(
  stream: AsyncIterable<Uint8Array>,
  options: PacsOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = stream[Symbol.asyncIterator]();
  try {
    for (;;) {
      options.signal?.throwIfAborted();
      const next = await translated(() => iterator.next(), options);
      if (next.done === true) break;
      yield next.value;
    }
    options.signal?.throwIfAborted();
  } finally {
    await iterator.return?.();
  }
}

/** Errors of the body as those of a PACS. */
async function translated<T>(call: () => Promise<T>, { signal }: PacsOptions): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof MultipartError) {
      throw new PacsError(cause.problem === 'truncated' ? 'PACS_INCOMPLETE' : 'PACS_PROTOCOL', { cause });
    }
    throw cause;
  }
}

/** Asks for what is stored, whatever its transfer syntax. */
async function ask(http: HttpClient, path: readonly string[], { signal }: PacsOptions): Promise<HttpAnswer> {
  const { learned } = http;
  const send = (accept: string): Promise<HttpAnswer> => http.ask({ method: 'GET', path, accept, signal });
  try {
    if (learned.profile.anyTransferSyntax === 'refused') return await send(ACCEPT_BY_NAME);
    const answer = await send(ACCEPT_STORED);
    if (answer.status !== 406 && answer.status !== 400) return answer;
    await answer.discard();
    const second = await send(ACCEPT_BY_NAME);
    if (second.status === 200) learned.note('anyTransferSyntax', 'refused');
    return second;
  } catch (error) {
    signal?.throwIfAborted();
    throw unreachable(error);
  }
}
