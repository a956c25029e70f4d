import { TRANSFER_SYNTAXES, type Uid } from '@interhosp/core/dicom';
import { describe, expect, it } from 'vitest';
import { DataSetInbox } from '../association/inbox.ts';
import { encodeIdentifier } from '../query/identifier.ts';
import type { IncomingInstance } from '../store/incoming-store.ts';
import { MoveDesk, type Arrival, type ExpectedMove } from './move-desk.ts';
import { key } from '../query/query-keys.ts';
import { STATUS } from '../association/status.ts';

const transferSyntaxUid = TRANSFER_SYNTAXES.ExplicitVRLittleEndian;
const signal = new AbortController().signal;
const STRAY = 0xb007;

/** An instance of study 1.2.`study`, whole in its inbox. */
function instance(study: number, more: Partial<IncomingInstance> = {}): IncomingInstance {
  const dataSet = new DataSetInbox({ held: () => {}, awaits: () => {} });
  dataSet.push(encodeIdentifier(key(0x0020000d, 'UI', `1.2.${study}`), { transferSyntaxUid }));
  dataSet.end();
  return {
    sopClassUid: '1.2.840.10008.5.1.4.1.1.7' as Uid,
    sopInstanceUid: `1.2.${study}.1` as Uid,
    transferSyntaxUid,
    dataSet,
    callingAe: 'ARCHIVE',
    ...more,
  };
}

function expected(study: number, more: Partial<ExpectedMove> = {}): ExpectedMove {
  const sopInstanceUids = new Set([`1.2.${study}.1` as Uid]);
  const studyInstanceUid = `1.2.${study}` as Uid;
  return { ae: 'MEMBER', pacsAe: 'ARCHIVE', studyInstanceUid, sopInstanceUids, isWholeStudy: false, ...more };
}

async function turn(): Promise<void> {
  await new Promise<void>((resolve) => void setImmediate(resolve));
}

/** A desk that gives strays to somebody who answers with {@link STRAY}. */
function openDesk() {
  const desk = new MoveDesk();
  return { desk, take: desk.before(() => Promise.resolve(STRAY)) };
}

async function arrivalAt(shift: () => Arrival | undefined): Promise<Arrival> {
  await turn();
  const arrival = shift();
  if (arrival === undefined) throw new Error('nothing has arrived');
  return arrival;
}

describe('what arrives at a desk', () => {
  it('goes to the move whose number it names, before anything else', async () => {
    const { desk, take } = openDesk();
    const [one, other] = [desk.open(expected(1)), desk.open(expected(2))];
    expect(one.messageId).not.toBe(other.messageId);
    const taking = take(instance(1, { moveOriginator: { ae: 'MEMBER', messageId: other.messageId } }), signal);
    const arrival = await arrivalAt(() => other.shift());
    expect(one.shift()).toBeUndefined();
    arrival.answer(STATUS.success);
    expect(await taking).toBe(STATUS.success);
  });

  it.each([
    ['no originator', {}],
    ['another title', { moveOriginator: { ae: 'ARCHIVE', messageId: 1 } }],
    ['another number', { moveOriginator: { ae: 'MEMBER', messageId: 999 } }],
  ])('goes to the move that asked for its instance, with %s', async (_, more) => {
    const { desk, take } = openDesk();
    desk.open(expected(1));
    const move = desk.open(expected(2));
    const taking = take(instance(2, more), signal);
    (await arrivalAt(() => move.shift())).answer(STATUS.success);
    expect(await taking).toBe(STATUS.success);
  });

  it('goes by its study to a move of the whole, and is whole itself', async () => {
    const { desk, take } = openDesk();
    desk.open(expected(2, { isWholeStudy: true }));
    const move = desk.open(expected(1, { isWholeStudy: true }));
    const late = instance(1, { sopInstanceUid: '1.2.1.99' as Uid });
    const taking = take(late, signal);
    const arrival = await arrivalAt(() => move.shift());
    const bytes = await arrival.instance.dataSet.whole(1_000);
    expect(bytes).toEqual(Buffer.from(encodeIdentifier(key(0x0020000d, 'UI', '1.2.1'), { transferSyntaxUid })));
    arrival.answer(STATUS.success);
    expect(await taking).toBe(STATUS.success);
  });

  it('goes to others when no move asked for it, whole too', async () => {
    const desk = new MoveDesk();
    const lengths: number[] = [];
    const take = desk.before(async ({ dataSet }) => {
      lengths.push((await dataSet.whole(1_000)).length);
      return STRAY;
    });
    desk.open(expected(1, { isWholeStudy: true }));
    desk.open(expected(2));
    expect(await take(instance(3), signal)).toBe(STRAY);
    // A move of some instances does not take others of the study.
    expect(await take(instance(2, { sopInstanceUid: '1.2.2.99' as Uid }), signal)).toBe(STRAY);
    expect(lengths).toEqual([14, 14]);
  });

  it('goes to others when it is not the PACS that sends it, listed or of the whole study', async () => {
    const { desk, take } = openDesk();
    const move = desk.open(expected(1, { isWholeStudy: true }));
    const pushed = { callingAe: 'CT1' };
    expect(await take(instance(1, pushed), signal)).toBe(STRAY);
    expect(await take(instance(1, { ...pushed, sopInstanceUid: '1.2.1.99' as Uid }), signal)).toBe(STRAY);
    expect(await take(instance(1, { ...pushed, moveOriginator: { ae: 'OTHER', messageId: 1 } }), signal)).toBe(STRAY);
    expect(move.shift()).toBeUndefined();
    // Of the move, whoever sends it.
    const taking = take(
      instance(1, { ...pushed, moveOriginator: { ae: 'MEMBER', messageId: move.messageId } }),
      signal,
    );
    (await arrivalAt(() => move.shift())).answer(STATUS.success);
    expect(await taking).toBe(STATUS.success);
  });

  it('goes to others when the PACS names its move, and this one has no name', async () => {
    const { desk, take } = openDesk();
    const move = desk.open(expected(1, { isWholeStudy: true }));
    const taking = take(instance(1, { moveOriginator: { ae: 'MEMBER', messageId: move.messageId } }), signal);
    (await arrivalAt(() => move.shift())).answer(STATUS.success);
    await taking;
    expect(await take(instance(1, { sopInstanceUid: '1.2.1.99' as Uid }), signal)).toBe(STRAY);
    expect(await take(instance(1), signal)).toBe(STRAY);
  });

  it('goes to its move under whatever title where nobody else takes it', async () => {
    const desk = new MoveDesk();
    const take = desk.before();
    const move = desk.open(expected(1));
    const taking = take(instance(1, { callingAe: 'ARCHIVE_SCU' }), signal);
    (await arrivalAt(() => move.shift())).answer(STATUS.success);
    expect(await taking).toBe(STATUS.success);
  });

  it('is refused where there are no others', async () => {
    expect(await new MoveDesk().before()(instance(1), signal)).toBe(STATUS.notAuthorized);
  });

  it('is refused when its move is over, also when another one wants the same', async () => {
    const { desk, take } = openDesk();
    const over = desk.open(expected(1));
    over.close();
    over.close();
    const move = desk.open(expected(1));
    const straggler = instance(1, { moveOriginator: { ae: 'MEMBER', messageId: over.messageId } });
    expect(await take(straggler, signal)).toBe(STATUS.processingFailure);
    expect(move.shift()).toBeUndefined();
    expect(desk.size).toBe(1);
  });

  it('is refused when its move ends while it waits, or the listener does', async () => {
    const { desk, take } = openDesk();
    const move = desk.open(expected(1));
    const waiting = take(instance(1), signal);
    await turn();
    move.close();
    expect(await waiting).toBe(STATUS.processingFailure);
    const stopped = new AbortController();
    desk.open(expected(2));
    const another = take(instance(2), stopped.signal);
    await turn();
    stopped.abort();
    expect(await another).toBe(STATUS.processingFailure);
  });

  it('is not looked for in a data set that cannot be read', async () => {
    const { desk, take } = openDesk();
    desk.open(expected(1, { isWholeStudy: true }));
    for (const bytes of [new Uint8Array(0), Uint8Array.of(1, 2, 3), new Uint8Array(5_000).fill(0xff)]) {
      const dataSet = new DataSetInbox({ held: () => {}, awaits: () => {} });
      dataSet.push(bytes);
      dataSet.end();
      expect(await take(instance(9, { dataSet }), signal)).toBe(STRAY);
    }
    const bigEndian = TRANSFER_SYNTAXES.ExplicitVRBigEndian;
    expect(await take(instance(9, { transferSyntaxUid: bigEndian }), signal)).toBe(STRAY);
  });

  it('never shares a number with another move under way', () => {
    const { desk } = openDesk();
    const moves = Array.from({ length: 300 }, (_, index) => desk.open(expected(index)));
    expect(new Set(moves.map(({ messageId }) => messageId)).size).toBe(300);
    for (const move of moves) move.close();
    expect(desk.size).toBe(0);
  });
});
