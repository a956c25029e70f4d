import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gatherEvidence, strangersIn } from '../src/evidence.ts';
import type { ListedStudy, PacsClient } from '../src/pacs-client.ts';
import { STUDIES, makeStudy, shownName, type MadeStudy } from '../src/scenario.ts';

interface Held {
  readonly entry: ListedStudy;
  readonly instances: ReadonlyArray<{ readonly sopInstanceUid: string; readonly dataSet: Uint8Array }>;
}

function pacsWith(...held: readonly Held[]): PacsClient {
  const find = (uid: string) => held.find(({ entry }) => entry.studyInstanceUid === uid)?.instances ?? [];
  return {
    url: 'memory',
    studies: () => Promise.resolve(held.map(({ entry }) => entry)),
    instances: (study) =>
      Promise.resolve(find(study).map(({ sopInstanceUid }) => ({ seriesInstanceUid: '1', sopInstanceUid }))),
    retrieve: (study, { sopInstanceUid }) => {
      const found = find(study).find((instance) => instance.sopInstanceUid === sopInstanceUid);
      assert.ok(found);
      return Promise.resolve({ transferSyntaxUid: '1.2.840.10008.1.2.1', dataSet: found.dataSet });
    },
    store: () => Promise.reject(new Error('not here')),
  };
}

const made = studyTitled('PDF letter');
const patient = made.plan.expected?.patient;
assert.ok(patient);

const atHome: Held = {
  entry: entry(made, 'H0455120', 'CHU-LIEGE', 'Rasquin^Gaston'),
  instances: made.instances,
};
const arrived: Held = {
  entry: entry(made, 'R-087755', 'CHR-CITADELLE', shownName(patient)),
  instances: made.instances.map(({ dataSet, sopInstanceUid }) => ({ sopInstanceUid, dataSet: coerced(dataSet) })),
};

test('a study under its local patient, byte for byte, is filed', async () => {
  const { filed, intact, problems } = await gatherEvidence(made, { chu: pacsWith(atHome), chr: pacsWith(arrived) });
  assert.deepEqual({ filed, intact, problems }, { filed: true, intact: 2, problems: [] });
});

const faults: ReadonlyArray<readonly [title: string, chr: PacsClient, problem: RegExp]> = [
  ['that never arrived', pacsWith(), /does not list it/],
  [
    'that lacks an instance',
    pacsWith({ ...arrived, instances: arrived.instances.slice(1) }),
    /1 instances are missing/,
  ],
  ['under the sender’s Patient ID', pacsWith({ ...arrived, entry: atHome.entry }), /under Patient ID H0455120/],
  ['under the right ID and a wrong name', pacsWith(renamed('Rasquin^Guy')), /another name/],
  ['under the right ID and a foreign issuer', pacsWith(reissued('CHU-LIEGE')), /its issuer is CHU-LIEGE/],
  ['under two patients', pacsWith(arrived, { ...arrived, entry: atHome.entry }), /several patients/],
  ['with an altered document', pacsWith({ ...arrived, instances: arrived.instances.map(altered) }), /\(0042,0011\)/],
  ['as it was sent', pacsWith({ ...arrived, instances: made.instances }), /another Patient ID than its study/],
];

for (const [title, chr, problem] of faults) {
  test(`a study ${title} is not filed`, async () => {
    const evidence = await gatherEvidence(made, { chu: pacsWith(atHome), chr });
    assert.equal(evidence.filed, false);
    assert.match(evidence.problems.join('\n'), problem);
  });
}

test('a study that is gone from its own hospital is a problem', async () => {
  const evidence = await gatherEvidence(made, { chu: pacsWith(), chr: pacsWith(arrived) });
  assert.match(evidence.problems.join('\n'), /no longer holds it/);
});

test('a study that must stay at home is a problem elsewhere, and only there', async () => {
  const hand = studyTitled('DX hand');
  const held = { entry: entry(hand, 'H3300415', 'CHU-LIEGE', 'Defays^Robert'), instances: hand.instances };
  const stayed = await gatherEvidence(hand, { chu: pacsWith(held), chr: pacsWith() });
  assert.deepEqual({ filed: stayed.filed, problems: stayed.problems }, { filed: false, problems: [] });
  const left = await gatherEvidence(hand, { chu: pacsWith(held), chr: pacsWith(held) });
  assert.match(left.problems.join('\n'), /it left its hospital/);
});

test('a study that nobody made is a stranger', async () => {
  const strange = { ...arrived, entry: { ...arrived.entry, studyInstanceUid: '1.2.3' } };
  assert.deepEqual(await strangersIn(pacsWith(arrived, strange), [made]), ['1.2.3']);
});

function studyTitled(title: string): MadeStudy {
  const plan = STUDIES.find((study) => study.title === title);
  assert.ok(plan);
  return makeStudy(plan, 'test');
}

function entry(study: MadeStudy, patientId: string, issuer: string, patientName: string): ListedStudy {
  return { studyInstanceUid: study.studyInstanceUid, patientId, issuer, patientName };
}

function renamed(patientName: string): Held {
  return { ...arrived, entry: { ...arrived.entry, patientName } };
}

function reissued(issuer: string): Held {
  return { ...arrived, entry: { ...arrived.entry, issuer } };
}

/** The Patient ID replaced (both are eight letters long), and an empty record of what it was. */
function coerced(dataSet: Uint8Array): Uint8Array {
  const bytes = Buffer.from(dataSet);
  bytes.write('R-087755', bytes.indexOf('H0455120', 0, 'latin1'), 'latin1');
  return Buffer.concat([bytes, Buffer.from([0x00, 0x04, 0x61, 0x05, 0x53, 0x51, 0, 0, 0, 0, 0, 0])]);
}

function altered<T extends { readonly dataSet: Uint8Array }>(instance: T): T {
  const dataSet = Buffer.from(instance.dataSet);
  dataSet[dataSet.indexOf('%PDF', 0, 'latin1')] = 0;
  return { ...instance, dataSet };
}
