/**
 * Stores the server takes (STOW-RS): part by part as they arrive, each handed to the PACS and answered for. A part that tells
 * its length streams through; one that does not is read whole first, since a PACS must know the length.
 */
import { readPart10, type Part10, type Uid } from '@interhosp/core/dicom';
import { errorCodeOf } from '@interhosp/core/errors';
import type { IndexedInstance, Pacs, PacsOptions, StorableInstance, StoreOutcome } from '@interhosp/core/pacs';
import { parseMediaType } from './media-type.ts';
import { readMultipart, type Part } from './multipart-reader.ts';
import { HttpProblem } from './server-errors.ts';
import { peekDataSet } from './server-peek.ts';
import type { WrittenDataSet } from './server-search.ts';
import { spool } from './server-spool.ts';

/** The answer to a store (PS3.18 10.5.3). */
export interface StoreAnswer {
  readonly status: 200 | 202 | 409;
  readonly dataSet: WrittenDataSet;
}

/** Statuses (PS3.18 I.2.2). */
const REASON = {
  processingFailure: 0x0110,
  duplicate: 0x0111,
  identityMismatch: 0xa900,
  cannotUnderstand: 0xc000,
} as const;

interface Answered {
  readonly sopInstanceUid?: Uid;
  readonly sopClassUid?: Uid;
  readonly outcome: Pick<StoreOutcome, 'status' | 'statusCode'>;
}

/**
 * Stores the parts of a request.
 *
 * @throws {HttpProblem} 400, 415; {MultipartError}; {PacsError} when nothing more can be stored.
 */
export async function storeParts(
  pacs: Pacs,
  request: { readonly contentType: string | undefined; readonly chunks: AsyncIterable<Uint8Array> },
  studyInstanceUid: Uid | undefined,
  options: PacsOptions,
): Promise<StoreAnswer> {
  const mediaType = parseMediaType(request.contentType ?? '');
  const boundary = mediaType?.parameters.get('boundary');
  const isDicom = (mediaType?.parameters.get('type') ?? 'application/dicom').toLowerCase() === 'application/dicom';
  if (mediaType?.type !== 'multipart/related' || boundary === undefined || !isDicom) {
    throw new HttpProblem(415, 'only multipart/related of application/dicom is taken');
  }
  const answered: Answered[] = [];
  for await (const part of readMultipart(request.chunks, boundary)) {
    answered.push(await storePart(pacs, part, studyInstanceUid, options));
  }
  if (answered.length === 0) throw new HttpProblem(400, 'there is nothing to store');
  return answerOf(answered);
}

async function storePart(
  pacs: Pacs,
  part: Part,
  studyInstanceUid: Uid | undefined,
  options: PacsOptions,
): Promise<Answered> {
  let identity: IndexedInstance;
  let file: Part10;
  let dataSet: AsyncIterable<Uint8Array>;
  let lengthBytes: number | undefined;
  try {
    const counted = count(part.body);
    file = await readPart10(counted.stream);
    const peeked = await peekDataSet(file.dataSet, file.transferSyntaxUid, options);
    ({ identity, dataSet } = peeked);
    // What was taken and is not of the data set is preamble and meta information.
    lengthBytes = part.lengthBytes === undefined ? undefined : part.lengthBytes - counted.bytes() + peeked.heldBytes;
  } catch (error) {
    if (errorCodeOf(error)?.startsWith('DICOM_') !== true) throw error;
    return { outcome: { status: 'refused', statusCode: REASON.cannotUnderstand } };
  }
  const named = { sopInstanceUid: identity.sopInstanceUid, sopClassUid: identity.sopClassUid };
  const isOther = studyInstanceUid !== undefined && identity.studyInstanceUid !== studyInstanceUid;
  if (isOther || (file.sopInstanceUid ?? identity.sopInstanceUid) !== identity.sopInstanceUid) {
    return { ...named, outcome: { status: 'refused', statusCode: REASON.identityMismatch } };
  }
  const outcome =
    lengthBytes === undefined
      ? await storeSpooled(pacs, identity, dataSet, options)
      : await storeOne(pacs, { ...identity, lengthBytes, dataSet: once(dataSet) }, options);
  return { ...named, outcome };
}

async function storeSpooled(
  pacs: Pacs,
  identity: IndexedInstance,
  dataSet: AsyncIterable<Uint8Array>,
  options: PacsOptions,
): Promise<Answered['outcome']> {
  const spooled = await spool(dataSet);
  try {
    const { lengthBytes } = spooled;
    return await storeOne(pacs, { ...identity, lengthBytes, dataSet: () => spooled.dataSet() }, options);
  } finally {
    await spooled.close();
  }
}

async function storeOne(pacs: Pacs, instance: StorableInstance, options: PacsOptions): Promise<Answered['outcome']> {
  for await (const outcome of pacs.store([instance], options)) return outcome;
  return { status: 'unknown' };
}

/** A stream that was there once cannot be read again; an adapter that tries reports the instance as not stored. */
function once(dataSet: AsyncIterable<Uint8Array>): () => AsyncIterable<Uint8Array> {
  let isTaken = false;
  return () => {
    if (isTaken) throw new HttpProblem(503, 'the request would have to be repeated');
    isTaken = true;
    return dataSet;
  };
}

/** Counts the bytes that were taken of a stream. */
function count(chunks: AsyncIterable<Uint8Array>): { readonly stream: AsyncIterable<Uint8Array>; bytes(): number } {
  let bytes = 0;
  async function* stream(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      yield chunk;
    }
  }
  return { stream: stream(), bytes: () => bytes };
}

function answerOf(answered: readonly Answered[]): StoreAnswer {
  const referenced: WrittenDataSet[] = [];
  const failed: WrittenDataSet[] = [];
  let others = 0;
  for (const { sopInstanceUid, sopClassUid, outcome } of answered) {
    if (sopInstanceUid === undefined || sopClassUid === undefined) {
      others++;
      continue;
    }
    const names = { '00081150': uid(sopClassUid), '00081155': uid(sopInstanceUid) };
    const { status, statusCode } = outcome;
    if (status === 'stored') referenced.push(names);
    else if (status === 'warned') referenced.push({ ...names, '00081196': reason(statusCode ?? 0xb000) });
    // The object is there, if not by this request.
    else if (status === 'duplicate') referenced.push({ ...names, '00081196': reason(REASON.duplicate) });
    else failed.push({ ...names, '00081197': reason(statusCode ?? REASON.processingFailure) });
  }
  const isClean = failed.length + others === 0 && referenced.every((each) => !('00081196' in each));
  const unnamed = Array.from({ length: others }, () => ({ '00081197': reason(REASON.cannotUnderstand) }));
  return {
    status: isClean ? 200 : referenced.length > 0 ? 202 : 409,
    dataSet: {
      ...(failed.length > 0 && { '00081198': { vr: 'SQ', Value: failed } }),
      ...(referenced.length > 0 && { '00081199': { vr: 'SQ', Value: referenced } }),
      ...(unnamed.length > 0 && { '0008119A': { vr: 'SQ', Value: unnamed } }),
    },
  };
}

function uid(value: Uid): { readonly vr: string; readonly Value: readonly unknown[] } {
  return { vr: 'UI', Value: [value] };
}

function reason(code: number): { readonly vr: string; readonly Value: readonly unknown[] } {
  return { vr: 'US', Value: [code] };
}
