/**
 * Frames as bytes and back. Whatever a machine receives from here is sane in itself: sizes are within limits.ts, UIDs
 * and identifiers were parsed, segments add up to the length, digests are as many as blocks. Whether a frame may come
 * now is for the session to say.
 *
 * On a stream each frame follows its length, four bytes, big endian; see framing.ts.
 */
import { parseUid } from '../dicom/uid.ts';
import { TransferError, type RetryAdvice } from '../errors/interhosp-error.ts';
import { BLOCK_BYTES, type Segment, type SegmentKind } from '../study/blocks.ts';
import { parseMemberId } from '../study/identifiers.ts';
import { PRIORITIES, PURPOSES } from '../study/study.ts';
import {
  big,
  bounded,
  checkBlock,
  checked,
  codeOf,
  digestOf,
  envelopeOf,
  exact,
  exchangeIdOf,
  featuresOf,
  hex,
  limit,
  malformed,
  ordinalOf,
  plain,
  transferIdFrom,
  within,
  wordOf,
} from './frame-fields.ts';
import {
  REMOTE_STATES,
  type AnswerFrame,
  type AppendFrame,
  type Frame,
  type HeldFrame,
  type InstanceRuns,
  type OfferFrame,
  type QuarantinedInstance,
  type SealFrame,
} from './frames.ts';
import { decodeHeader, encodeHeader } from './header.ts';
import {
  MAX_ATTEMPT,
  MAX_BLOCKS_PER_INSTANCE,
  MAX_CREDIT_BYTES,
  MAX_FEATURES,
  MAX_FRAME_BYTES,
  MAX_INSTANCES,
  MAX_INSTANCES_PER_FRAME,
  MAX_QUARANTINED,
  MAX_RECEIPTS,
  MAX_RETRY_AFTER_MS,
  MAX_RUNS_PER_FRAME,
  MAX_RUNS_PER_INSTANCE,
  MAX_SEGMENTS,
  MAX_STUDY_BYTES,
} from './limits.ts';
import { checkRuns, type Run } from './runs.ts';
import * as wire from './wire.generated.js';

/**
 * The bytes of a frame, without length prefix.
 *
 * @throws {TransferError} `TRANSFER_PROTOCOL`, `TRANSFER_LIMIT`: what the other side would refuse is never sent.
 */
export function encodeFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  const message = toWire(frame);
  // A block is the one frame that is sent by the thousand, and its check is cheap enough not to read it back.
  if (frame.kind === 'block') checkBlock(frame.ordinal, frame.index, frame.bytes);
  else fromWire(message);
  const bytes = wire.Frame.encode(message);
  if (bytes.length > MAX_FRAME_BYTES) throw limit('frame', bytes.length, MAX_FRAME_BYTES);
  return bytes;
}

/**
 * Reads a frame. The bytes of a block or a receipt are a view of `bytes`, which must not change afterwards.
 *
 * Fields that a later version added are passed over; a frame that is not known is refused, since it can only be sent
 * under a feature that both sides named.
 *
 * @throws {TransferError} `TRANSFER_PROTOCOL`, `TRANSFER_LIMIT`
 */
export function decodeFrame(bytes: Uint8Array): Frame {
  if (bytes.length > MAX_FRAME_BYTES) throw limit('frame', bytes.length, MAX_FRAME_BYTES);
  let message: wire.Frame;
  try {
    message = wire.Frame.decode(bytes, { limits: DECODE_LIMITS });
  } catch (cause) {
    const tooMany = cause instanceof Error && cause.name === 'MaxLengthError';
    if (tooMany) throw new TransferError('TRANSFER_LIMIT', { details: { kind: 'repeated' } });
    throw malformed('frame');
  }
  return fromWire(message);
}

const RUNS = { instances: MAX_INSTANCES_PER_FRAME, instances$: { runs: MAX_RUNS_PER_INSTANCE } } as const;
const DECODE_LIMITS = {
  offer: { features: MAX_FEATURES },
  answer: { accepted: { features: MAX_FEATURES, held: RUNS }, settled: { receipts: MAX_RECEIPTS } },
  held: RUNS,
  append: { segments: MAX_SEGMENTS },
  want: RUNS,
  durable: RUNS,
  seal: { quarantined: MAX_QUARANTINED },
} as const;

function toWire(frame: Frame): wire.Frame {
  switch (frame.kind) {
    case 'offer':
      return { offer: offerToWire(frame) };
    case 'answer':
      return { answer: answerToWire(frame) };
    case 'held':
      return { held: heldToWire(frame.instances, frame.more) };
    case 'append':
      return { append: appendToWire(frame) };
    case 'want':
      return { want: { instances: runsToWire(frame.instances) } };
    case 'block':
      return { block: { ordinal: frame.ordinal, index: frame.index, bytes: plain(frame.bytes), packing: 0 } };
    case 'credit':
      return { credit: { bytes: big(frame.bytes) } };
    case 'durable':
      return { durable: { instances: runsToWire(frame.instances) } };
    case 'seal':
      return { seal: sealToWire(frame) };
    case 'receipt':
      return { receipt: { envelope: plain(frame.envelope) } };
    case 'receipt-ack':
      return { receiptAck: { digest: hex(frame.digest) } };
    case 'cancel':
      return { cancel: { code: frame.code, retry: frame.retry, retryAfterMs: frame.retryAfterMs } };
    case 'reprioritise':
      return { reprioritise: { priority: frame.priority } };
    case 'query':
      return { query: { exchangeId: hex(frame.exchangeId) } };
    default:
      frame satisfies never;
      throw malformed('kind');
  }
}

function fromWire(message: wire.Frame): Frame {
  const { offer, answer, held, append, want, block, credit } = message;
  const { durable, seal, receipt, receiptAck, cancel, reprioritise, query } = message;
  // Nearly every frame is a block.
  if (block !== undefined) {
    if (block.packing !== 0) throw malformed('packing');
    checkBlock(block.ordinal, block.index, block.bytes);
    return { kind: 'block', ordinal: block.ordinal, index: block.index, bytes: block.bytes };
  }
  if (offer !== undefined) return offerFromWire(offer);
  if (answer !== undefined) return answerFromWire(answer);
  if (held !== undefined) return heldFromWire(held);
  if (append !== undefined) return appendFromWire(append);
  if (want !== undefined) return { kind: 'want', instances: runsFromWire(want.instances) };
  if (credit !== undefined) return { kind: 'credit', bytes: exact(credit.bytes, 1, MAX_CREDIT_BYTES, 'credit') };
  if (durable !== undefined) return { kind: 'durable', instances: runsFromWire(durable.instances) };
  if (seal !== undefined) return sealFromWire(seal);
  if (receipt !== undefined) return { kind: 'receipt', envelope: envelopeOf(receipt) };
  if (receiptAck !== undefined) return { kind: 'receipt-ack', digest: digestOf(receiptAck.digest, 'digest') };
  if (cancel !== undefined) return { kind: 'cancel', ...refusalOf(cancel) };
  if (reprioritise !== undefined) {
    return { kind: 'reprioritise', priority: wordOf(PRIORITIES, reprioritise.priority, 'priority') };
  }
  if (query !== undefined) return { kind: 'query', exchangeId: exchangeIdOf(query.exchangeId) };
  throw malformed('kind');
}

function offerToWire(frame: OfferFrame): wire.Offer {
  const { supersedes, transferId, expectedInstances, expectedBytes } = frame;
  return {
    protocolVersion: frame.protocolVersion,
    exchangeId: hex(frame.exchangeId),
    attempt: frame.attempt,
    federationId: hex(frame.federationId),
    rosterVersion: big(frame.rosterVersion),
    rosterHash: hex(frame.rosterHash),
    sender: frame.sender,
    receiver: frame.receiver,
    purpose: frame.purpose,
    priority: frame.priority,
    header: encodeHeader(frame.header),
    ...(supersedes === undefined ? {} : { supersedes: hex(supersedes) }),
    ...(transferId === undefined ? {} : { transferId: hex(transferId) }),
    ...(expectedInstances === undefined ? {} : { expectedInstances }),
    ...(expectedBytes === undefined ? {} : { expectedBytes: big(expectedBytes) }),
    features: frame.features.map((name) => ({ name })),
  };
}

function offerFromWire(offer: wire.Offer): OfferFrame {
  const { supersedes, transferId, expectedInstances, expectedBytes } = offer;
  return {
    kind: 'offer',
    protocolVersion: within(offer.protocolVersion, 1, 0xffff_ffff, 'protocolVersion'),
    exchangeId: exchangeIdOf(offer.exchangeId),
    attempt: within(offer.attempt, 1, MAX_ATTEMPT, 'attempt'),
    federationId: digestOf(offer.federationId, 'federationId'),
    rosterVersion: exact(offer.rosterVersion, 1, Number.MAX_SAFE_INTEGER, 'rosterVersion'),
    rosterHash: digestOf(offer.rosterHash, 'rosterHash'),
    sender: checked(() => parseMemberId(offer.sender), 'sender'),
    receiver: checked(() => parseMemberId(offer.receiver), 'receiver'),
    purpose: wordOf(PURPOSES, offer.purpose, 'purpose'),
    priority: wordOf(PRIORITIES, offer.priority, 'priority'),
    header: decodeHeader(offer.header),
    ...(supersedes === undefined ? {} : { supersedes: transferIdFrom(supersedes, 'supersedes') }),
    ...(transferId === undefined ? {} : { transferId: transferIdFrom(transferId, 'transferId') }),
    ...(expectedInstances === undefined
      ? {}
      : { expectedInstances: bounded(expectedInstances, MAX_INSTANCES, 'instances') }),
    ...(expectedBytes === undefined ? {} : { expectedBytes: exact(expectedBytes, 0, MAX_STUDY_BYTES, 'bytes') }),
    features: featuresOf(offer.features),
  };
}

function answerToWire(frame: AnswerFrame): wire.Answer {
  switch (frame.outcome) {
    case 'accepted':
      return {
        accepted: {
          creditBytes: big(frame.creditBytes),
          wantAll: frame.wantAll,
          held: heldToWire(frame.held, frame.moreHeld),
          features: frame.features.map((name) => ({ name })),
        },
      };
    case 'refused':
      return { refused: { code: frame.code, retry: frame.retry, retryAfterMs: frame.retryAfterMs } };
    case 'settled': {
      const receipts = frame.receipts.map((envelope) => ({ envelope: plain(envelope) }));
      return { settled: { state: frame.state, attempt: frame.attempt, receipts } };
    }
    default:
      frame satisfies never;
      throw malformed('outcome');
  }
}

function answerFromWire({ accepted, refused, settled }: wire.Answer): AnswerFrame {
  if (accepted !== undefined) {
    const held = accepted.held === undefined ? { instances: [], more: false } : heldFromWire(accepted.held);
    return {
      kind: 'answer',
      outcome: 'accepted',
      creditBytes: exact(accepted.creditBytes, 1, MAX_CREDIT_BYTES, 'credit'),
      wantAll: accepted.wantAll,
      held: held.instances,
      moreHeld: held.more,
      features: featuresOf(accepted.features),
    };
  }
  if (refused !== undefined) return { kind: 'answer', outcome: 'refused', ...refusalOf(refused) };
  if (settled === undefined) throw malformed('outcome');
  if (settled.receipts.length > MAX_RECEIPTS) throw limit('receipts', settled.receipts.length, MAX_RECEIPTS);
  return {
    kind: 'answer',
    outcome: 'settled',
    state: wordOf(REMOTE_STATES, settled.state, 'state'),
    attempt: within(settled.attempt, 1, MAX_ATTEMPT, 'attempt'),
    receipts: settled.receipts.map(envelopeOf),
  };
}

function heldToWire(held: HeldFrame['instances'], more: boolean): wire.Held {
  const instances = held.map(({ ordinal, digest, runs }) => ({ ordinal, digest: hex(digest), runs: [...runs] }));
  return { instances, more };
}

function heldFromWire({ instances, more }: wire.Held): HeldFrame {
  const runs = runsFromWire(instances);
  return {
    kind: 'held',
    instances: instances.map(({ digest }, index) => ({
      ...(runs[index] as InstanceRuns),
      digest: digestOf(digest, 'digest'),
    })),
    more,
  };
}

function appendToWire(frame: AppendFrame): wire.Append {
  const blockDigests = new Uint8Array(frame.blockDigests.length * 32);
  frame.blockDigests.forEach((digest, index) => blockDigests.set(hex(digest), index * 32));
  return {
    ordinal: frame.ordinal,
    series: frame.seriesInstanceUid,
    sop: frame.sopInstanceUid,
    sopClass: frame.sopClassUid,
    syntax: frame.transferSyntaxUid,
    lengthBytes: big(frame.lengthBytes),
    segments: frame.segments.map(({ kind, lengthBytes }) => ({ kind, lengthBytes: big(lengthBytes) })),
    blockDigests,
  };
}

function appendFromWire(append: wire.Append): AppendFrame {
  const { blockDigests } = append;
  const lengthBytes = exact(append.lengthBytes, 0, MAX_STUDY_BYTES, 'length');
  const segments = segmentsOf(append.segments, lengthBytes);
  const blocks = segments.reduce((sum, segment) => sum + Math.ceil(segment.lengthBytes / BLOCK_BYTES), 0);
  if (blocks > MAX_BLOCKS_PER_INSTANCE) throw limit('blocks', blocks, MAX_BLOCKS_PER_INSTANCE);
  if (blockDigests.length !== blocks * 32) throw malformed('blockDigests');
  return {
    kind: 'append',
    ordinal: ordinalOf(append.ordinal),
    seriesInstanceUid: checked(() => parseUid(append.series), 'series'),
    sopInstanceUid: checked(() => parseUid(append.sop), 'sop'),
    sopClassUid: checked(() => parseUid(append.sopClass), 'sopClass'),
    transferSyntaxUid: checked(() => parseUid(append.syntax), 'syntax'),
    lengthBytes,
    segments,
    blockDigests: Array.from({ length: blocks }, (_, index) =>
      digestOf(blockDigests.subarray(index * 32, index * 32 + 32), 'blockDigests'),
    ),
  };
}

/** `whole` stands alone; otherwise header, any number of pixel parts, trailer. None is empty. */
function segmentsOf(segments: readonly wire.Segment[], totalBytes: number): readonly Segment[] {
  if (segments.length > MAX_SEGMENTS) throw limit('segments', segments.length, MAX_SEGMENTS);
  const read = segments.map(({ kind, lengthBytes }) => ({
    kind: wordOf(SEGMENT_KINDS, kind, 'segment'),
    lengthBytes: exact(lengthBytes, 1, MAX_STUDY_BYTES, 'segment'),
  }));
  if (read.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0) !== totalBytes) throw malformed('segments');
  if (!SEGMENT_ORDER.test(read.map(({ kind }) => kind.charAt(0)).join(''))) throw malformed('segments');
  return read;
}

const SEGMENT_KINDS = ['whole', 'header', 'pixel', 'trailer'] as const satisfies readonly SegmentKind[];
const SEGMENT_ORDER = /^(?:w?|hp*t?)$/;

function sealToWire(frame: SealFrame): wire.Seal {
  return {
    transferId: hex(frame.transferId),
    manifestRoot: hex(frame.manifestRoot),
    instances: frame.instances,
    bytes: big(frame.bytes),
    quarantined: frame.quarantined.map(({ sopInstanceUid, code }) => ({ sop: sopInstanceUid, code })),
  };
}

function sealFromWire(seal: wire.Seal): SealFrame {
  if (seal.quarantined.length > MAX_QUARANTINED) throw limit('quarantined', seal.quarantined.length, MAX_QUARANTINED);
  return {
    kind: 'seal',
    transferId: transferIdFrom(seal.transferId, 'transferId'),
    manifestRoot: digestOf(seal.manifestRoot, 'manifestRoot'),
    instances: bounded(seal.instances, MAX_INSTANCES, 'instances'),
    bytes: exact(seal.bytes, 0, MAX_STUDY_BYTES, 'bytes'),
    quarantined: seal.quarantined.map(({ sop, code }): QuarantinedInstance => ({
      sopInstanceUid: checked(() => parseUid(sop), 'sop'),
      code: codeOf(code),
    })),
  };
}

function runsToWire(instances: readonly InstanceRuns[]): wire.InstanceRuns[] {
  return instances.map(({ ordinal, runs }) => ({ ordinal, runs: [...runs] }));
}

function runsFromWire(instances: readonly { ordinal: number; runs: readonly Run[] }[]): readonly InstanceRuns[] {
  if (instances.length > MAX_INSTANCES_PER_FRAME) throw limit('instances', instances.length, MAX_INSTANCES_PER_FRAME);
  let total = 0;
  return instances.map(({ ordinal, runs }) => {
    total += runs.length;
    if (total > MAX_RUNS_PER_FRAME) throw limit('runs', total, MAX_RUNS_PER_FRAME);
    checkRuns(runs, MAX_BLOCKS_PER_INSTANCE);
    return { ordinal: ordinalOf(ordinal), runs: runs.map(({ first, count }) => ({ first, count })) };
  });
}

function refusalOf(message: wire.Refused): {
  readonly code: string;
  readonly retry: RetryAdvice;
  readonly retryAfterMs: number;
} {
  return {
    code: codeOf(message.code),
    retry: wordOf(['no', 'later', 'elsewhere'], message.retry, 'retry'),
    retryAfterMs: bounded(message.retryAfterMs, MAX_RETRY_AFTER_MS, 'retryAfterMs'),
  };
}
