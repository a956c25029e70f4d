/** What storage commitment says (PS3.4 J.3): which instances are asked for, and which of them are kept for good. */
import { tryParseUid, type NewElement, type Tag, type Uid } from '@interhosp/core/dicom';
import { PacsError } from '@interhosp/core/errors';
import type { InstanceReference } from '@interhosp/core/pacs';
import { decodeIdentifier, encodeIdentifier, type Identifier } from '../query/identifier.ts';
import type { DataSetInbox } from '../association/inbox.ts';
import { MAX_COMMITMENT_BYTES } from '../limits.ts';

/** N-ACTION (J.3.2): who keeps these? */
export interface CommitmentRequest {
  readonly transactionUid: Uid;
  readonly references: readonly InstanceReference[];
}

/** An instance that is not kept, and why (0008,1197). */
export interface CommitmentFailure extends InstanceReference {
  readonly reason: number;
}

/** N-EVENT-REPORT (J.3.3). */
export interface CommitmentReport {
  readonly transactionUid: Uid;
  readonly committed: readonly InstanceReference[];
  readonly failed: readonly CommitmentFailure[];
}

/** Failure reasons (PS3.3 C.14.1.1). */
export const FAILURE_REASONS = {
  processingFailure: 0x0110,
  noSuchInstance: 0x0112,
  classInstanceConflict: 0x0119,
  classNotSupported: 0x0122,
  resourceLimitation: 0x0213,
} as const;

/** Action and event types (J.3.2.1, J.3.3.1). */
export const COMMITMENT_TYPES = { request: 1, allCommitted: 1, someFailed: 2 } as const;

const TAGS = {
  ReferencedSOPClassUID: 0x00081150,
  ReferencedSOPInstanceUID: 0x00081155,
  TransactionUID: 0x00081195,
  FailureReason: 0x00081197,
  FailedSOPSequence: 0x00081198,
  ReferencedSOPSequence: 0x00081199,
} as const satisfies Readonly<Record<string, Tag>>;

/** A request as a data set. */
export function encodeCommitmentRequest(
  { references, transactionUid }: CommitmentRequest,
  transferSyntaxUid: Uid,
): Uint8Array {
  return encodeIdentifier([ui(TAGS.TransactionUID, transactionUid), sequence(TAGS.ReferencedSOPSequence, references)], {
    transferSyntaxUid,
  });
}

/** A report as a data set; a list that is empty is left out (table J.3-3). */
export function encodeCommitmentReport(
  { committed, failed, transactionUid }: CommitmentReport,
  transferSyntaxUid: Uid,
): Uint8Array {
  const elements: NewElement[] = [ui(TAGS.TransactionUID, transactionUid)];
  if (failed.length > 0) elements.push(sequence(TAGS.FailedSOPSequence, failed));
  if (committed.length > 0) elements.push(sequence(TAGS.ReferencedSOPSequence, committed));
  return encodeIdentifier(elements, { transferSyntaxUid });
}

/** Reads a request. @throws {PacsError} `PACS_PROTOCOL` when it is none; what ended the association */
export async function readCommitmentRequest(
  dataSet: DataSetInbox | undefined,
  transferSyntaxUid: Uid,
): Promise<CommitmentRequest> {
  const identifier = await readDataSet(dataSet, transferSyntaxUid);
  const references = referencesOf(identifier, TAGS.ReferencedSOPSequence);
  if (references.length === 0) throw broken('commitment-empty');
  return { transactionUid: transactionOf(identifier), references };
}

/** Reads a report. @throws {PacsError} `PACS_PROTOCOL` when it is none; what ended the association */
export async function readCommitmentReport(
  dataSet: DataSetInbox | undefined,
  transferSyntaxUid: Uid,
): Promise<CommitmentReport> {
  const identifier = await readDataSet(dataSet, transferSyntaxUid);
  const failed = identifier.items(TAGS.FailedSOPSequence).flatMap((item) => {
    const reference = referenceOf(item);
    return reference === undefined
      ? []
      : [{ ...reference, reason: item.count(TAGS.FailureReason) ?? FAILURE_REASONS.processingFailure }];
  });
  return {
    transactionUid: transactionOf(identifier),
    committed: referencesOf(identifier, TAGS.ReferencedSOPSequence),
    failed,
  };
}

async function readDataSet(dataSet: DataSetInbox | undefined, transferSyntaxUid: Uid): Promise<Identifier> {
  if (dataSet === undefined) throw broken('commitment-missing');
  let bytes: Uint8Array;
  try {
    bytes = await dataSet.whole(MAX_COMMITMENT_BYTES);
  } catch (error) {
    throw error instanceof RangeError ? broken('commitment-length') : error;
  }
  return decodeIdentifier(bytes, { transferSyntaxUid });
}

function transactionOf(identifier: Identifier): Uid {
  const uid = tryParseUid(identifier.text(TAGS.TransactionUID) ?? '');
  if (uid === undefined) throw broken('commitment-transaction');
  return uid;
}

/** Items that name no instance are left out: then nothing is said of it, and nothing believed. */
function referencesOf(identifier: Identifier, tag: Tag): readonly InstanceReference[] {
  return identifier.items(tag).flatMap((item) => referenceOf(item) ?? []);
}

function referenceOf(item: Identifier): InstanceReference | undefined {
  const sopClassUid = item.uid(TAGS.ReferencedSOPClassUID);
  const sopInstanceUid = item.uid(TAGS.ReferencedSOPInstanceUID);
  return sopClassUid === undefined || sopInstanceUid === undefined ? undefined : { sopClassUid, sopInstanceUid };
}

function sequence(tag: Tag, references: readonly (InstanceReference & { readonly reason?: number })[]): NewElement {
  const items = references.map(({ reason, sopClassUid, sopInstanceUid }): readonly NewElement[] => [
    ui(TAGS.ReferencedSOPClassUID, sopClassUid),
    ui(TAGS.ReferencedSOPInstanceUID, sopInstanceUid),
    ...(reason === undefined
      ? []
      : [{ tag: TAGS.FailureReason, value: { vr: 'US', numbers: [reason] } } satisfies NewElement]),
  ]);
  return { tag, value: { vr: 'SQ', items } };
}

function ui(tag: Tag, text: Uid): NewElement {
  return { tag, value: { vr: 'UI', text } };
}

function broken(reason: string): PacsError {
  return new PacsError('PACS_PROTOCOL', { details: { reason } });
}
