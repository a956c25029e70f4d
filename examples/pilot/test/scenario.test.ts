import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesSource, readStudyHeader } from '@interhosp/core/dicom';
import { BELGIAN_PROFILE, DEFAULT_MODEL, reconcile, STRICT_POLICY } from '@interhosp/core/reconciliation';
import { HOSPITALS, makeStudy, NATIONAL_ISSUER, STUDIES } from '../src/scenario.ts';

const NOW_MS = Date.parse('2026-03-14T10:00:00Z');

for (const plan of STUDIES) {
  const { expected } = plan;
  if (expected === undefined) continue;
  test(`the patient of ${plan.title} is found by ${expected.by}`, async () => {
    const [first] = makeStudy(plan, 'test').instances;
    assert.ok(first);
    const { header } = await readStudyHeader(bytesSource(first.dataSet), first.transferSyntaxUid);
    const nationalNumber = header.patient.otherIds?.find(({ issuer }) => issuer === NATIONAL_ISSUER)?.id;
    const { patients } = HOSPITALS[expected.at];
    const decision = reconcile({ ...header.patient, ...(nationalNumber && { nationalNumber }) }, patients, {
      model: DEFAULT_MODEL,
      profile: BELGIAN_PROFILE,
      policy: STRICT_POLICY,
      registrySize: patients.length,
      nowMs: NOW_MS,
    });
    if (expected.by === 'a person') {
      assert.equal(decision.zone, 'review');
      const near = [decision.nearest, ...decision.runnersUp.map(({ patient }) => patient)].map(
        (each) => each?.patientId.id,
      );
      assert.ok(near.includes(expected.patient.patientId.id), 'the right patient is among the candidates');
      assert.ok(near.length > 1, 'and not alone');
    } else {
      assert.equal(decision.zone, 'link', JSON.stringify(decision, undefined, 1));
      assert.deepEqual(decision.zone === 'link' && decision.patient.patientId, expected.patient.patientId);
      assert.equal(nationalNumber !== undefined, expected.by === 'national number');
    }
  });
}

test('no two patients of a hospital have one Patient ID', () => {
  for (const { patients } of Object.values(HOSPITALS)) {
    assert.equal(new Set(patients.map(({ patientId }) => patientId.id)).size, patients.length);
  }
});

test('no study is small enough for nothing to be seen, and all of them are small enough for a demonstration', () => {
  const bytes = STUDIES.reduce((sum, plan) => sum + makeStudy(plan, 'test').bytes, 0);
  assert.ok(bytes > 5e6 && bytes < 50e6, `${bytes} bytes`);
});
