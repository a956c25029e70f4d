/**
 * One page of a search (QIDO-RS, PS3.18 10.6.3), in the forms services answer in: JSON, or, from those that know nothing
 * else, XML in a multipart message. What a service does not take is left out at the second attempt, and remembered.
 */
import { PacsError } from '@interhosp/core/errors';
import type { PacsOptions } from '@interhosp/core/pacs';
import { dataSetsOf, parseJson, readText, type JsonDataSet } from './dicom-json.ts';
import { statusError, unreachable, type HttpAnswer, type HttpClient } from './http-client.ts';
import { MAX_ANSWERS, MAX_JSON_BYTES } from './limits.ts';
import { MultipartError, readMultipart } from './multipart-reader.ts';
import { parseNativeXml } from './native-xml.ts';

const JSON_ANSWERS = 'application/dicom+json';
const XML_ANSWERS = 'multipart/related; type="application/dicom+xml"';

/** What is searched for. */
export interface Search {
  readonly path: readonly string[];
  readonly keys: ReadonlyArray<readonly [name: string, value: string]>;
  /** Attributes wanted beside those that every service gives. */
  readonly fields: readonly string[];
}

/** Which answers of a search. */
export interface PageRange {
  readonly limit: number;
  readonly offset: number;
}

/** The answers of one page; empty when there are none, or none of a study that is not held. @throws {PacsError} */
export async function readPage(
  http: HttpClient,
  search: Search,
  range: PageRange,
  options: PacsOptions,
): Promise<readonly JsonDataSet[]> {
  const answer = await askPage(http, search, range, options);
  // Some servers call an unknown study not found, instead of answering nothing.
  if (answer.status === 204 || (answer.status === 404 && search.path.length > 1)) {
    await answer.discard();
    return [];
  }
  if (answer.status !== 200) {
    await answer.discard();
    throw answer.status === 413 ? tooMany() : statusError(answer.status);
  }
  return await dataSetsIn(answer, options);
}

/** PS3.18 10.6.3.1: the search would match more than the service answers; a narrower one may do. */
function tooMany(): PacsError {
  return new PacsError('PACS_TOO_MANY', { details: { status: 413 } });
}

/** Asks for a page in the form and with the fields that the service takes, whatever it then answers. @throws {PacsError} */
export async function askPage(
  http: HttpClient,
  search: Search,
  range: PageRange,
  options: PacsOptions,
): Promise<HttpAnswer> {
  const { learned } = http;
  const isJson = learned.profile.answers !== 'xml';
  let answer = await ask(http, search, range, isJson ? JSON_ANSWERS : XML_ANSWERS, options);
  if (answer.status === 406) {
    await answer.discard();
    answer = await ask(http, search, range, isJson ? XML_ANSWERS : JSON_ANSWERS, options);
    if (answer.status < 300) learned.note('answers', isJson ? 'xml' : 'json');
  } else if (answer.status === 200) {
    learned.note('answers', isJson ? 'json' : 'xml');
  }
  const hasFields = search.fields.length > 0 && learned.profile.includeField !== 'refused';
  if (!hasFields) return answer;
  if (answer.status === 200) learned.note('includeField', 'taken');
  if (answer.status !== 400) return answer;
  await answer.discard();
  // Services that know an attribute not may refuse the whole search (PS3.18 8.3.4.3 would have them warn).
  const bare = await askPage(http, { ...search, fields: [] }, range, options);
  if (bare.status < 300) learned.note('includeField', 'refused');
  return bare;
}

async function ask(
  http: HttpClient,
  { path, keys, fields }: Search,
  { limit, offset }: PageRange,
  accept: string,
  { signal }: PacsOptions,
): Promise<HttpAnswer> {
  const wanted = http.learned.profile.includeField === 'refused' ? [] : fields;
  const query = [
    ...keys,
    ...wanted.map((field) => ['includefield', field] as const),
    ['limit', String(limit)] as const,
    ['offset', String(offset)] as const,
  ];
  try {
    return await http.ask({ method: 'GET', path, query, accept, signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw unreachable(error);
  }
}

async function dataSetsIn(answer: HttpAnswer, { signal }: PacsOptions): Promise<readonly JsonDataSet[]> {
  const { type = '', parameters } = answer.mediaType ?? {};
  const boundary = parameters?.get('boundary');
  if (type.startsWith('multipart/') && boundary !== undefined) {
    try {
      return await dataSetsInParts(answer.body, boundary);
    } catch (cause) {
      signal?.throwIfAborted();
      if (!(cause instanceof MultipartError)) throw cause;
      throw new PacsError(cause.problem === 'truncated' ? 'PACS_INCOMPLETE' : 'PACS_PROTOCOL', { cause });
    }
  }
  const text = await readText(answer.body);
  if (text.trim() === '') return [];
  return type === 'application/dicom+xml' ? [parseNativeXml(text)] : dataSetsOf(parseJson(text));
}

/** One data set in each part (PS3.18 8.7.3.2). */
async function dataSetsInParts(body: AsyncIterable<Uint8Array>, boundary: string): Promise<readonly JsonDataSet[]> {
  const dataSets: JsonDataSet[] = [];
  let leftBytes = MAX_JSON_BYTES;
  for await (const part of readMultipart(body, boundary, { maxParts: MAX_ANSWERS })) {
    const text = await readText(part.body, leftBytes);
    leftBytes -= text.length;
    dataSets.push(parseNativeXml(text));
  }
  return dataSets;
}
