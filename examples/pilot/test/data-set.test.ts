import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareDataSets } from '../src/data-set.ts';
import { STUDIES, makeStudy } from '../src/scenario.ts';

const [ct] = STUDIES;
assert.ok(ct);
const made = makeStudy(ct, 'test').instances[0];
assert.ok(made);
const { dataSet } = made;

function find(text: string): number {
  const at = Buffer.from(dataSet).indexOf(text, 0, 'latin1');
  assert.notEqual(at, -1);
  return at;
}

test('a data set equals itself', () => {
  const { altered, keepsOriginals, patientId } = compareDataSets(dataSet, dataSet);
  assert.deepEqual(
    { altered, keepsOriginals, patientId },
    { altered: [], keepsOriginals: false, patientId: 'H1204417' },
  );
});

test('one changed pixel is an alteration', () => {
  const changed = dataSet.slice();
  changed[changed.length - 1]! ^= 1;
  assert.deepEqual(compareDataSets(dataSet, changed).altered, ['(7FE0,0010)']);
});

test('a changed patient name is not an alteration, a changed study description is', () => {
  const changed = dataSet.slice();
  changed[find('Thonnard')]! ^= 1;
  assert.deepEqual(compareDataSets(dataSet, changed).altered, []);
  changed[find('CT thorax')]! ^= 1;
  assert.deepEqual(compareDataSets(dataSet, changed).altered, ['(0008,1030)']);
});

test('a lost element and an added one are alterations', () => {
  const at = find('CT thorax') - 8;
  const without = Buffer.concat([dataSet.subarray(0, at), dataSet.subarray(at + 8 + 10)]);
  assert.deepEqual(compareDataSets(dataSet, without).altered, ['(0008,1030)']);
  assert.deepEqual(compareDataSets(without, dataSet).altered, ['(0008,1030)']);
});

test('a data set cut off anywhere is refused or differs', () => {
  for (let length = 0; length < 900; length++) {
    let altered: readonly string[] = ['refused'];
    try {
      altered = compareDataSets(dataSet, dataSet.subarray(0, length)).altered;
    } catch {
      // Refused is right as well.
    }
    assert.notEqual(altered.length, 0);
  }
});

test('sequences and items of undefined length are walked', () => {
  const item = [0xfe, 0xff, 0x00, 0xe0, 0xff, 0xff, 0xff, 0xff, 0x08, 0x00, 0x60, 0x00, 0x43, 0x53, 2, 0, 0x43, 0x54];
  const ends = [0xfe, 0xff, 0x0d, 0xe0, 0, 0, 0, 0, 0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0];
  const head = [0x00, 0x04, 0x61, 0x05, 0x53, 0x51, 0, 0, 0xff, 0xff, 0xff, 0xff];
  const sequence = Buffer.from([...head, ...item, ...ends]);
  const { altered, keepsOriginals } = compareDataSets(dataSet, Buffer.concat([sequence, dataSet]));
  assert.deepEqual({ altered, keepsOriginals }, { altered: [], keepsOriginals: true });
});
