/**
 * One round of `/interhosp/roster/1.0.0` on one stream: both say what they hold, the one who opened the stream fetches
 * what is newer there, and then the other does. Bytes are compared with the announced hash here; whether a document may
 * be believed is for the store to say.
 */
import { createHash } from 'node:crypto';

import { PeerError } from '@interhosp/core/errors';
import type { Clock } from '@interhosp/core/world';

import {
  decodeDocumentFrame,
  type DocumentFrame,
  type DocumentFrameOf,
  type DocumentVersion,
  encodeDocumentFrame,
  MAX_DOCUMENT_BYTES,
  MAX_DOCUMENTS,
} from './document-frames.ts';
import { deadline } from './errors.ts';
import type { PeerStream } from './stream.ts';

/** Where signed documents are kept and judged. */
export interface DocumentStore {
  /**
   * The newest version held of each document. The other side fetches in this order, so a document stands after those
   * that it needs to be believed (roots in order of version, each under an ID of its own, then the roster).
   */
  list(): Promise<readonly DocumentVersion[]>;
  /** The bytes, exactly as they were signed; undefined when there are none. */
  get(kind: string, id: string): Promise<Uint8Array | undefined>;
  /**
   * A document from a peer; its hash is that of the bytes, nothing else was checked. `refused` for one that is not
   * believed: it is not fetched again until another was taken, or an hour passed.
   */
  offer(kind: string, id: string, version: number, bytes: Uint8Array): Promise<'taken' | 'known' | 'refused'>;
}

/** What a round works with. */
export interface RoundContext {
  readonly documents: DocumentStore;
  /** SHA-256 of the first root, 64 hex digits. */
  readonly federationId: string;
  readonly clock: Clock;
  /** Whether to leave this one out: it was refused before. */
  readonly isRefused: (document: DocumentVersion) => boolean;
  readonly refuse: (document: DocumentVersion) => void;
  readonly signal?: AbortSignal;
}

/** What came of a round. */
export interface RoundResult {
  readonly taken: number;
  readonly refused: number;
}

/** Size of the frames that carry a document. */
const CHUNK_BYTES = 1024 * 1024;
/** Documents in one direction and round; what is left over comes in the next. */
const MAX_ROUND_BYTES = 64 * 1024 * 1024;
/** A peer whose documents are refused this often in one round is not asked for more in it. */
const MAX_REFUSED = 16;
/** Silence in the middle of a round. */
const IDLE_MS = 30_000;

/** The round of the side that opened the stream. @throws {PeerError} `PEER_PROTOCOL`, `PEER_TIMEOUT`, `PEER_CLOSED`. */
export async function openRound(stream: PeerStream, context: RoundContext): Promise<RoundResult> {
  const side = new RoundSide(stream, context);
  await side.sendHello();
  const theirs = await side.receiveHello();
  const result = await side.pull(theirs);
  await side.serve();
  await stream.closeWrite();
  return result;
}

/**
 * The round of the side that accepted the stream.
 *
 * @param options.believe - Whether to fetch anything: strangers are answered, and never asked.
 */
export async function acceptRound(
  stream: PeerStream,
  context: RoundContext,
  options: { readonly believe: boolean },
): Promise<RoundResult> {
  const side = new RoundSide(stream, context);
  const theirs = await side.receiveHello();
  await side.sendHello();
  await side.serve();
  return side.pull(options.believe ? theirs : []);
}

/**
 * What of theirs is worth fetching, in their order: newer, unknown, or of the same version with other bytes, since two
 * documents of one version are the proof of a lie, which the store keeps.
 */
export function worthFetching(
  ours: readonly DocumentVersion[],
  theirs: readonly DocumentVersion[],
): readonly DocumentVersion[] {
  const held = new Map(ours.map((document) => [nameOf(document), document]));
  return theirs.filter((document) => {
    const own = held.get(nameOf(document));
    if (own === undefined || document.version > own.version) return true;
    return document.version === own.version && document.hash !== own.hash;
  });
}

class RoundSide {
  readonly #stream: PeerStream;
  readonly #context: RoundContext;

  constructor(stream: PeerStream, context: RoundContext) {
    this.#stream = stream;
    this.#context = context;
  }

  async sendHello(): Promise<void> {
    const documents = (await this.#context.documents.list()).slice(0, MAX_DOCUMENTS);
    await this.#send({
      type: 'hello',
      federationId: this.#context.federationId,
      documents: documents.map(({ hash, id, kind, version }) => ({ kind, id, version, hash })),
    });
  }

  async receiveHello(): Promise<readonly DocumentVersion[]> {
    const hello = await this.#receive('hello');
    if (hello.federationId !== this.#context.federationId) throw broken('federation');
    return hello.documents;
  }

  async pull(theirs: readonly DocumentVersion[]): Promise<RoundResult> {
    const { documents, isRefused } = this.#context;
    const wanted = worthFetching(await documents.list(), theirs).filter((document) => !isRefused(document));
    let [taken, refused, fetchedBytes] = [0, 0, 0];
    for (const document of wanted) {
      const bytes = await this.#fetch(document);
      if (bytes === undefined) continue;
      fetchedBytes += bytes.byteLength;
      const verdict = await documents.offer(document.kind, document.id, document.version, bytes);
      if (verdict === 'taken') taken += 1;
      else this.#context.refuse(document);
      if (verdict === 'refused') refused += 1;
      if (refused >= MAX_REFUSED || fetchedBytes + MAX_DOCUMENT_BYTES > MAX_ROUND_BYTES) break;
    }
    await this.#send({ type: 'done' });
    return { taken, refused };
  }

  async serve(): Promise<void> {
    let sentBytes = 0;
    for (let asked = 0; ; asked += 1) {
      const frame = await this.#receive('want', 'done');
      if (frame.type === 'done') return;
      if (asked >= MAX_DOCUMENTS || sentBytes > MAX_ROUND_BYTES) throw broken('too-many');
      sentBytes += await this.#answer(frame);
    }
  }

  async #fetch({ hash, id, kind }: DocumentVersion): Promise<Uint8Array | undefined> {
    await this.#send({ type: 'want', kind, id, hash });
    const answer = await this.#receive('document', 'gone');
    if (answer.type === 'gone') return undefined;
    const chunks: Uint8Array[] = [];
    let missing = answer.bytes;
    while (missing > 0) {
      const chunk = await this.#receiveBytes();
      if (chunk.byteLength === 0 || chunk.byteLength > missing) throw broken('chunk');
      chunks.push(chunk);
      missing -= chunk.byteLength;
    }
    const bytes = new Uint8Array(Buffer.concat(chunks));
    if (hashOf(bytes) !== hash) throw broken('hash');
    return bytes;
  }

  async #answer({ hash, id, kind }: DocumentFrameOf<'want'>): Promise<number> {
    const bytes = await this.#context.documents.get(kind, id);
    // It may have been replaced since our hello; the newer one is in the next.
    if (bytes === undefined || bytes.byteLength > MAX_DOCUMENT_BYTES || hashOf(bytes) !== hash) {
      await this.#send({ type: 'gone' });
      return 0;
    }
    await this.#send({ type: 'document', bytes: bytes.byteLength });
    for (let offset = 0; offset < bytes.byteLength; offset += CHUNK_BYTES) {
      await this.#sendBytes(bytes.subarray(offset, offset + CHUNK_BYTES));
    }
    return bytes.byteLength;
  }

  async #receive<T extends DocumentFrame['type']>(...types: readonly T[]): Promise<DocumentFrameOf<T>> {
    const frame = decodeDocumentFrame(await this.#receiveBytes());
    if (!(types as readonly string[]).includes(frame.type)) throw broken('order');
    return frame as DocumentFrameOf<T>;
  }

  async #receiveBytes(): Promise<Uint8Array> {
    const bytes = await this.#inTime((signal) => this.#stream.receive({ signal }));
    if (bytes === undefined) throw new PeerError('PEER_CLOSED', { details: { reason: 'early-end' } });
    return bytes;
  }

  #send(frame: DocumentFrame): Promise<void> {
    return this.#sendBytes(encodeDocumentFrame(frame));
  }

  #sendBytes(bytes: Uint8Array): Promise<void> {
    return this.#inTime((signal) => this.#stream.send(bytes, { signal }));
  }

  async #inTime<T>(action: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const limit = deadline(this.#context.clock, IDLE_MS, this.#context.signal);
    try {
      return await action(limit.signal);
    } finally {
      limit.clear();
    }
  }
}

function nameOf({ id, kind }: DocumentVersion): string {
  return `${kind} ${id}`;
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function broken(reason: string): PeerError {
  return new PeerError('PEER_PROTOCOL', { details: { kind: 'roster', reason } });
}
