/** The part of the disk's contract about what goes wrong. It needs a disk that can be made to fail. */
import { putFile, readWhole, type DiskTest, type FailingDiskHarness } from './disk-harness.ts';
import { check, equal, rejectsWithCode } from './expect.ts';

const OLD = new Uint8Array(5_000).fill(1);
const NEW = new Uint8Array(7_000).fill(2);

/** Losses of power, failed syncs, no space. */
export function diskFaultTests(test: DiskTest<FailingDiskHarness>): void {
  test('keeps across a loss of power what was synced', async (harness) => {
    const { disk, folder } = harness;
    await putFile(harness, 'f', OLD);
    const file = await disk.open(`${folder}/f`, 'write');
    await file.write([NEW], OLD.length);
    await file.sync();
    await harness.crash();
    const kept = await readWhole(harness, 'f');
    equal(kept, joined(OLD, NEW), 'bytes that were synced survive a loss of power');
  });

  test('keeps across a loss of power a rename whose folder was synced', async (harness) => {
    const { disk, folder } = harness;
    await putFile(harness, 'to', OLD);
    await putFile(harness, 'from', NEW);
    await disk.rename(`${folder}/from`, `${folder}/to`);
    await disk.syncFolder(folder);
    await harness.crash();
    equal(await disk.list(folder), ['to'], 'a synced folder keeps its names');
    equal(await readWhole(harness, 'to'), NEW, 'a synced rename stays');
  });

  test('has the old file or the new one after a loss of power in a rename', async (harness) => {
    const { disk, folder } = harness;
    await putFile(harness, 'to', OLD);
    await putFile(harness, 'from', NEW);
    await disk.rename(`${folder}/from`, `${folder}/to`);
    await harness.crash();
    const kept = await readWhole(harness, 'to');
    equal(kept, kept[0] === OLD[0] ? OLD : NEW, 'a rename happened as a whole or not at all');
  });

  test('says so when a sync fails', async (harness) => {
    const file = await harness.disk.open(`${harness.folder}/f`, 'create');
    await file.write([NEW], 0);
    await harness.failNextSync();
    await rejectsWithCode(() => file.sync(), 'STORAGE_FAILED', 'a sync that failed is never passed over');
    await file.close();
  });

  test('says so when there is no space, and keeps what was there', async (harness) => {
    const { disk, folder } = harness;
    await putFile(harness, 'f', OLD);
    await harness.fill(100);
    check((await disk.freeBytes(folder)) <= 100, 'freeBytes() follows what is used');
    const file = await disk.open(`${folder}/f`, 'write');
    await rejectsWithCode(() => file.write([NEW], OLD.length), 'STORAGE_FULL', 'a write without space is STORAGE_FULL');
    await file.truncate(OLD.length);
    await file.close();
    equal(await readWhole(harness, 'f'), OLD, 'what was there before stays');
  });
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  const whole = new Uint8Array(left.length + right.length);
  whole.set(left);
  whole.set(right, left.length);
  return whole;
}
