/** Sample studies as files in a hospital's folder, and the proof that one arrived at another. */
import { mkdtemp, readdir, readFile, rename, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { generateStudy, type SampleStudyOptions } from '@interhosp/core/conformance';
import { part10Header } from '@interhosp/core/dicom';
import { acceptRoster, createRosterState, keysOfMember } from '@interhosp/core/federation';
import { parseMemberId } from '@interhosp/core/study';
import { openReceipt } from '@interhosp/core/transfer';
import { expect } from 'vitest';
import { nodeCrypto } from '../../src/world/index.ts';
import { dataSetFile, differences, filesIn, pixelsOf, textOf, type DataSetFile } from './delivered.ts';
import type { Federation, Hospital } from './hospitals.ts';

/** A study at its source. */
export interface SourceStudy {
  readonly studyInstanceUid: string;
  readonly files: readonly DataSetFile[];
}

/** A file of this age is not still being written. */
const SETTLED_SECONDS = 86_400;

/**
 * Generates a study into the folder that the hospital's PACS watches; it appears there whole.
 *
 * @param options.isYoung - Written just now: a PACS that was started after that lists it only once it has looked twice.
 */
export async function putStudy(
  at: Hospital,
  options: SampleStudyOptions & { readonly isYoung?: boolean },
): Promise<SourceStudy> {
  const { instances, studyInstanceUid } = generateStudy(options);
  const staged = await mkdtemp(join(at.root, 'staged-'));
  const writtenAt = Date.now() / 1000 - SETTLED_SECONDS;
  const files = await Promise.all(
    instances.map(async (instance, index) => {
      const bytes = Buffer.concat([part10Header(instance), instance.dataSet]);
      const path = join(staged, `${index}.dcm`);
      await writeFile(path, bytes);
      if (options.isYoung !== true) await utimes(path, writtenAt, writtenAt);
      return dataSetFile(bytes);
    }),
  );
  await rename(staged, join(at.out, basename(staged)));
  return { files, studyInstanceUid };
}

/** Expects that the study is there once, complete, under the local patient, with nothing else changed. */
export async function expectDelivered(at: Hospital, study: SourceStudy, patientId = 'P1'): Promise<void> {
  const all = await filesIn(at.in);
  const arrived = all.filter(({ studyInstanceUid }) => studyInstanceUid === study.studyInstanceUid);
  expect(uidsOf(arrived)).toEqual(uidsOf(study.files));
  for (const source of study.files) {
    const file = arrived.find(({ sopInstanceUid }) => sopInstanceUid === source.sopInstanceUid) as DataSetFile;
    expect(Buffer.compare(pixelsOf(file), pixelsOf(source))).toBe(0);
    expect(differences(source, file)).toEqual([]);
    expect(textOf(file, 0x00100020)).toBe(patientId);
  }
}

/** Expects both receipts at both ends, word for word the same, signed by the receiver, and speaking of this study. */
export async function expectReceipts(
  federation: Federation,
  exchangeId: string,
  ends: { readonly sender: Hospital; readonly receiver: Hospital },
  study: SourceStudy,
): Promise<void> {
  const [sent, received] = await Promise.all(
    [ends.sender, ends.receiver].map(async ({ api }) => (await api).job(exchangeId)),
  );
  const envelopes = received?.receipts.map(({ envelope }) => envelope) ?? [];
  expect(sent?.receipts.map(({ kind }) => kind)).toEqual(['REMOTE_DURABLE', 'REMOTE_CONFIRMED']);
  expect(sent?.receipts.map(({ envelope }) => envelope)).toEqual(envelopes);
  const keys = await receiptKeys(federation, ends.receiver.member);
  const opened = envelopes.map((envelope) => openReceipt(Buffer.from(envelope), keys, nodeCrypto()));
  expect(opened.map(({ kind }) => kind)).toEqual(['durable', 'confirmed']);
  for (const { receipt } of opened) {
    expect(receipt).toMatchObject({
      bytes: study.files.reduce((sum, { dataSet }) => sum + dataSet.length, 0),
      exchangeId,
      fedId: federation.id,
      instances: study.files.length,
      receiver: ends.receiver.member,
      sender: ends.sender.member,
      // Erased with the exchange's key; the receipt keeps it.
      ...(sent?.transferId === undefined ? {} : { transferId: sent.transferId }),
    });
  }
  expect(opened[1]?.receipt).toMatchObject({ filed: study.files.length, partial: [] });
}

/** The keys that a member signs with, by the operator's documents alone. */
async function receiptKeys(federation: Federation, member: string) {
  const names = await readdir(federation.documents);
  const envelopes = await Promise.all(names.map((name) => readFile(join(federation.documents, name))));
  const crypto = nodeCrypto();
  const { state } = acceptRoster(createRosterState(federation.id), envelopes, { crypto, nowMs: Date.now() });
  return keysOfMember(state, parseMemberId(member), crypto);
}

function uidsOf(files: readonly DataSetFile[]): readonly string[] {
  return files.map(({ sopInstanceUid }) => sopInstanceUid).toSorted();
}
