/**
 * Stores the server takes (STOW-RS): parts as they arrive, each handed to the PACS and answered for. A large part that tells its
 * length streams through; one that does not is read whole first, since a PACS must know the length. Small ones go in groups.
 */
import { readPart10, type Uid } from '@interhosp/core/dicom';
import { errorCodeOf } from '@interhosp/core/errors';
import type { IndexedInstance, Pacs, PacsOptions, StorableInstance, StoreOutcome } from '@interhosp/core/pacs';
import { parseMediaType } from './media-type.ts';
import { readMultipart, type Part } from './multipart-reader.ts';
import { HttpProblem } from './server-errors.ts';
import { peekDataSet } from './server-peek.ts';
import type { WrittenDataSet } from './server-search.ts';
import { spool } from './server-spool.ts';

/** Instances of up to this size are kept in memory until some can be stored together. */
const SMALL_BYTES = 1_048_576;
/** Instances stored together, and their bytes. */
const GROUP_INSTANCES = 32;
const GROUP_BYTES = 16_777_216;

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
  const answered = await storeEach(pacs, readMultipart(request.chunks, boundary), studyInstanceUid, options);
  if (answered.length === 0) throw new HttpProblem(400, 'there is nothing to store');
  return answerOf(answered);
}

/** A part whose header was read: an instance on its way, or the reason why it is none. */
type Arriving =
  | { readonly refused: Answered }
  | {
      readonly identity: IndexedInstance;
      readonly dataSet: AsyncIterable<Uint8Array>;
      /** Undefined when the part did not tell. */
      readonly lengthBytes: number | undefined;
    };

async function arrivalOf(part: Part, studyInstanceUid: Uid | undefined, options: PacsOptions): Promise<Arriving> {
  const counted = count(part.body);
  try {
    const file = await readPart10(counted.stream);
    const { identity, dataSet, heldBytes } = await peekDataSet(file.dataSet, file.transferSyntaxUid, options);
    const { sopInstanceUid, sopClassUid } = identity;
    const isOther = studyInstanceUid !== undefined && identity.studyInstanceUid !== studyInstanceUid;
    if (isOther || (file.sopInstanceUid ?? sopInstanceUid) !== sopInstanceUid) {
      const outcome = { status: 'refused', statusCode: REASON.identityMismatch } as const;
      return { refused: { sopInstanceUid, sopClassUid, outcome } };
    }
    // What was taken and is not of the data set is preamble and meta information.
    const lengthBytes = part.lengthBytes === undefined ? undefined : part.lengthBytes - counted.bytes() + heldBytes;
    return { identity, dataSet, lengthBytes };
  } catch (error) {
    if (errorCodeOf(error)?.startsWith('DICOM_') !== true) throw error;
    return { refused: { outcome: { status: 'refused', statusCode: REASON.cannotUnderstand } } };
  }
}

/** Small instances that are stored together: a PACS may write several at a time. */
class Group {
  readonly #pacs: Pacs;
  readonly #options: PacsOptions;
  readonly #waiting = new Map<Uid, StorableInstance>();
  #bytes = 0;

  constructor(pacs: Pacs, options: PacsOptions) {
    this.#pacs = pacs;
    this.#options = options;
  }

  /** Adds an instance; returns what became of those that had to make room. */
  async add(instance: StorableInstance): Promise<readonly Answered[]> {
    const isFull = this.#waiting.size >= GROUP_INSTANCES || this.#bytes + instance.lengthBytes > GROUP_BYTES;
    const answered = isFull || this.#waiting.has(instance.sopInstanceUid) ? await this.store() : [];
    this.#waiting.set(instance.sopInstanceUid, instance);
    this.#bytes += instance.lengthBytes;
    return answered;
  }

  /** Stores those that wait. */
  async store(): Promise<readonly Answered[]> {
    const instances = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#bytes = 0;
    if (instances.length === 0) return [];
    const outcomes = new Map<Uid, Answered['outcome']>();
    for await (const outcome of this.#pacs.store(instances, this.#options))
      outcomes.set(outcome.sopInstanceUid, outcome);
    return instances.map(({ sopInstanceUid, sopClassUid }) => ({
      sopInstanceUid,
      sopClassUid,
      outcome: outcomes.get(sopInstanceUid) ?? { status: 'unknown' },
    }));
  }
}

async function storeEach(
  pacs: Pacs,
  parts: AsyncIterable<Part>,
  studyInstanceUid: Uid | undefined,
  options: PacsOptions,
): Promise<readonly Answered[]> {
  const answered: Answered[] = [];
  const group = new Group(pacs, options);
  for await (const part of parts) {
    const arriving = await arrivalOf(part, studyInstanceUid, options);
    if ('refused' in arriving) {
      answered.push(arriving.refused);
      continue;
    }
    const { identity, dataSet, lengthBytes } = arriving;
    if (lengthBytes !== undefined && lengthBytes > SMALL_BYTES) {
      answered.push(...(await group.store()));
      answered.push(await storeOne(pacs, { ...identity, lengthBytes, dataSet: once(dataSet) }, options));
      continue;
    }
    const spooled = await spool(dataSet);
    const instance = { ...identity, lengthBytes: spooled.lengthBytes, dataSet: () => spooled.dataSet() };
    if (spooled.lengthBytes <= SMALL_BYTES) {
      answered.push(...(await group.add(instance)));
      continue;
    }
    try {
      answered.push(...(await group.store()));
      answered.push(await storeOne(pacs, instance, options));
    } finally {
      await spooled.close();
    }
  }
  return [...answered, ...(await group.store())];
}

async function storeOne(pacs: Pacs, instance: StorableInstance, options: PacsOptions): Promise<Answered> {
  const { sopInstanceUid, sopClassUid } = instance;
  for await (const outcome of pacs.store([instance], options)) return { sopInstanceUid, sopClassUid, outcome };
  return { sopInstanceUid, sopClassUid, outcome: { status: 'unknown' } };
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
