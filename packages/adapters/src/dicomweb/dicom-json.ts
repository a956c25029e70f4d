/** The DICOM JSON model (PS3.18 annex F) as untrusted input: read with limits, and value by value. */
import { parsePersonName, tryParseUid, type Uid } from '@interhosp/core/dicom';
import { PacsError } from '@interhosp/core/errors';
import type { PersonNameGroups } from '@interhosp/core/study';
import { MAX_JSON_BYTES, MAX_JSON_DEPTH } from './limits.ts';

/** A data set in JSON: attributes by eight upper-case hexadecimal digits. */
export type JsonDataSet = Readonly<Record<string, unknown>>;

/** Reads a body whole. @throws {PacsError} `PACS_PROTOCOL` beyond `maxBytes`. */
export async function readText(body: AsyncIterable<Uint8Array>, maxBytes = MAX_JSON_BYTES): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new PacsError('PACS_PROTOCOL', { details: { reason: 'too-long', limit: maxBytes } });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks)
    .toString('utf8')
    .replace(/^\uFEFF/, '');
}

/** Parses JSON that is not nested too deeply. @throws {PacsError} `PACS_PROTOCOL` */
export function parseJson(text: string): unknown {
  if (depthOf(text) > MAX_JSON_DEPTH) {
    throw new PacsError('PACS_PROTOCOL', { details: { reason: 'too-deep', limit: MAX_JSON_DEPTH } });
  }
  try {
    return JSON.parse(text);
  } catch {
    // The text of the error would quote the body.
    throw new PacsError('PACS_PROTOCOL', { details: { reason: 'no-json' } });
  }
}

/** How deep brackets stand in one another, those in texts not counted. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let isInText = false;
  for (let index = 0; index < text.length; index++) {
    const character = text[index];
    if (isInText) {
      if (character === '\\') index++;
      else if (character === '"') isInText = false;
    } else if (character === '"') {
      isInText = true;
    } else if (character === '{' || character === '[') {
      deepest = Math.max(deepest, ++depth);
    } else if (character === '}' || character === ']') {
      depth--;
    }
  }
  return deepest;
}

/** The data sets of an answer: an array of objects, or one object. @throws {PacsError} `PACS_PROTOCOL` */
export function dataSetsOf(json: unknown): readonly JsonDataSet[] {
  const list: readonly unknown[] = Array.isArray(json) ? json : [json];
  return list.map((each) => {
    if (!isObject(each)) throw new PacsError('PACS_PROTOCOL', { details: { reason: 'no-data-set' } });
    return each;
  });
}

/** The values of an attribute; empty when it is absent or empty. */
export function valuesOf(dataSet: JsonDataSet, tag: string): readonly unknown[] {
  // Some servers write tags in lower case.
  const attribute = ownOf(dataSet, tag) ?? ownOf(dataSet, tag.toLowerCase());
  const values = isObject(attribute) ? ownOf(attribute, 'Value') : undefined;
  return Array.isArray(values) ? values : [];
}

/** The first value as text; numbers are written out, since IS and DS come as either. Undefined when there is none. */
export function textOf(dataSet: JsonDataSet, tag: string): string | undefined {
  return textsOf(dataSet, tag)[0];
}

/** All values as texts, empty ones left out. */
export function textsOf(dataSet: JsonDataSet, tag: string): readonly string[] {
  return valuesOf(dataSet, tag)
    .filter((value) => typeof value === 'string' || typeof value === 'number')
    .map((value) => String(value).trim())
    .filter((text) => text !== '');
}

/** The first value as a UID; undefined when it is none. */
export function uidOf(dataSet: JsonDataSet, tag: string): Uid | undefined {
  return tryParseUid(textOf(dataSet, tag) ?? '');
}

/** The first value as a whole number that is not negative. */
export function countOf(dataSet: JsonDataSet, tag: string): number | undefined {
  const text = textOf(dataSet, tag);
  return text !== undefined && /^\+?\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** The first value as a person name: an object of component groups, or, from old servers, the text of VR PN. */
export function nameOf(dataSet: JsonDataSet, tag: string): PersonNameGroups | undefined {
  const [value] = valuesOf(dataSet, tag);
  if (typeof value === 'string') return parsePersonName(value);
  if (!isObject(value)) return undefined;
  const group = (name: string): string => {
    const text = ownOf(value, name);
    return typeof text === 'string' ? text.replaceAll('=', ' ') : '';
  };
  return parsePersonName([group('Alphabetic'), group('Ideographic'), group('Phonetic')].join('='));
}

/** The items of a sequence. */
export function itemsOf(dataSet: JsonDataSet, tag: string): readonly JsonDataSet[] {
  return valuesOf(dataSet, tag).filter(isObject);
}

function isObject(value: unknown): value is JsonDataSet {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function ownOf(object: JsonDataSet, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
