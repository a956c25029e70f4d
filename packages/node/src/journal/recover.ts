/** Opening what is on disk: verify, drop a cut-off end, write the uncertain end again, or begin a new journal. */
import { StorageError } from '@interhosp/core/errors';
import type { Crypto, Disk, DiskFile, Log, Random } from '@interhosp/core/world';
import { UNFINISHED_SUFFIX } from '../world/whole-file.ts';
import { encodeSegmentHeader, firstHash, SEGMENT_HEADER_BYTES, segmentName } from './format.ts';
import type { JournalHead } from './head-file.ts';
import { problemError, scanJournal, type JournalScan } from './scan.ts';
import { writeSegment } from './segment-writer.ts';
import type { SeqIndex } from './seq-index.ts';

/** What recovery needs of the world. */
export interface RecoverOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly crypto: Crypto;
  readonly random: Random;
  readonly log: Log;
}

/**
 * Brings the folder into a state to append to, and says where that is. Fills `index` on the way.
 *
 * @throws {StorageError} `STORAGE_JOURNAL_DAMAGED`, `STORAGE_JOURNAL_TORN`, `STORAGE_VERSION`.
 */
export async function recoverJournal(options: RecoverOptions, index: SeqIndex): Promise<JournalHead> {
  const { disk, folder, crypto, log } = options;
  await removeUnfinished(disk, folder);
  const scan = await scanJournal(disk, folder, crypto, (seq, segment, { offset }) => index.add(seq, segment, offset));
  if (scan.problem !== undefined) throw problemError(scan.problem);
  if (scan.journalId === undefined) return await begin(options);
  if (scan.head === undefined) log.write('warn', 'journal.head-missing', { seq: scan.end.seq });
  await settleEnd(options, scan);
  return scan.end;
}

async function begin({ disk, folder, crypto, random }: RecoverOptions): Promise<JournalHead> {
  const journalId = random.bytes(16);
  const hash = firstHash(crypto, journalId);
  await writeSegment(
    disk,
    folder,
    encodeSegmentHeader({ journalId, segment: 0, firstSeq: 1, previousHash: hash }, crypto),
    0,
  );
  return { journalId, seq: 0, hash, segment: 0, offset: SEGMENT_HEADER_BYTES };
}

async function removeUnfinished(disk: Disk, folder: string): Promise<void> {
  for (const file of await disk.list(folder)) {
    if (file.endsWith(UNFINISHED_SUFFIX)) await disk.remove(`${folder}/${file}`);
  }
}

/**
 * Makes the end of the last segment certain. What follows the last whole record was never acknowledged and goes. Records
 * after the head may read back from memory without being on disk (after a failed sync the system takes them for
 * written), so they are written again before a sync of them is believed.
 */
async function settleEnd({ disk, folder, log }: RecoverOptions, { end, head, tailBytes }: JournalScan): Promise<void> {
  const certainAt = head?.segment === end.segment ? head.offset : SEGMENT_HEADER_BYTES;
  if (tailBytes === 0 && certainAt === end.offset) return;
  const name = segmentName(end.segment);
  const file = await disk.open(`${folder}/${name}`, 'write');
  try {
    if (tailBytes > 0) {
      await file.truncate(end.offset);
      log.write('warn', 'journal.tail-dropped', { file: name, offset: end.offset, bytes: tailBytes, seq: end.seq });
    }
    await writeAgain(file, certainAt, end.offset);
    await file.sync();
  } finally {
    await file.close();
  }
}

const PIECE_BYTES = 1024 * 1024;

async function writeAgain(file: DiskFile, from: number, to: number): Promise<void> {
  for (let at = from; at < to; at += PIECE_BYTES) {
    const bytes = new Uint8Array(Math.min(PIECE_BYTES, to - at));
    if ((await file.read(bytes, at)) < bytes.length) {
      throw new StorageError('STORAGE_FAILED', { details: { kind: 'read', offset: at } });
    }
    await file.write([bytes], at);
  }
}
