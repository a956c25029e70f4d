import assert from 'node:assert/strict';
import { test } from 'node:test';
import { multipart, partsOf, unwrap, wrap } from '../src/part-10.ts';
import { STUDIES, makeStudy } from '../src/scenario.ts';

const made = STUDIES.flatMap((plan) => makeStudy(plan, 'test').instances.slice(0, 2));

test('an instance comes out of its wrapping as it went in', () => {
  for (const instance of made) {
    const { dataSet, transferSyntaxUid } = unwrap(wrap(instance));
    assert.equal(transferSyntaxUid, instance.transferSyntaxUid);
    assert.deepEqual(Buffer.from(dataSet), Buffer.from(instance.dataSet));
  }
});

test('several objects come out of one body', () => {
  const parts = made.map(wrap);
  const { body, type } = multipart(parts);
  assert.deepEqual(
    partsOf(body, type).map((part) => Buffer.from(part)),
    parts.map((part) => Buffer.from(part)),
  );
});

test('a body that ends before its closing delimiter is refused', () => {
  const { body, type } = multipart(made.slice(0, 2).map(wrap));
  assert.throws(() => partsOf(body.subarray(0, body.length - 5), type), /closing delimiter/);
});

test('bytes that are no Part 10 object are refused', () => {
  assert.throws(() => unwrap(new Uint8Array(200)), /not a Part 10 object/);
});
