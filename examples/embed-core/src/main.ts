/**
 * Interhosp's core inside a program of one's own, without a node: where does this study go, and whose is it there? Bytes in,
 * decisions out; nothing is opened, sent or stored.
 */
import { generateStudy } from '@interhosp/core/conformance';
import { bytesSource, readStudyHeader } from '@interhosp/core/dicom';
import type { PractitionerDirectory } from '@interhosp/core/federation';
import { createPatientIndex } from '@interhosp/core/patients';
import { DEFAULT_MODEL, explain, PROFILES, POLICIES, reconcile } from '@interhosp/core/reconciliation';
import { everyPolicy, parseRuleSet, route } from '@interhosp/core/routing';
import { parseMemberId } from '@interhosp/core/study';
import { PATIENTS } from './patients.ts';

const [here, there] = [parseMemberId('be-north'), parseMemberId('be-south')];
const nowMs = Date.now();

// A study as it comes: the first instance tells the header, and the pixels are not looked at.
const [instance] = generateStudy({ referringPhysician: { number: '10012345004' } }).instances;
if (instance === undefined) throw new Error('a study has instances');
const { header } = await readStudyHeader(bytesSource(instance.dataSet), instance.transferSyntaxUid);

// Where to? Rules are data; the directory says who practises there.
const rules = parseRuleSet({
  rules: [
    {
      id: 'to-the-prescriber',
      when: { referringPhysician: { practisesAt: 'destination' } },
      destination: 'each member',
    },
  ],
});
const directory: PractitionerDirectory = {
  member: there,
  version: 1,
  hash: '',
  envelope: new Uint8Array(),
  expiresMs: nowMs + 86_400_000,
  practitioners: [{ number: '10012345004', family: 'Delcourt', given: 'Marc' }],
};
const routing = await route(header, rules, {
  self: here,
  members: [here, there],
  practitioners: new Map([[there, directory]]),
  policy: everyPolicy([]),
  nowMs,
});
for (const { because, member, priority } of routing.destinations) {
  console.log(`send to ${member}, ${priority}: ${because.join('; ')}`);
}

// Whose is it there? The registry gives candidates, reconciliation decides and says why.
const registry = createPatientIndex(PATIENTS);
const decision = reconcile(header.patient, registry.candidates(header.patient), {
  model: DEFAULT_MODEL,
  profile: PROFILES.be,
  policy: POLICIES.strict,
  registrySize: registry.size,
  nowMs,
});
console.log(decision.zone === 'link' ? `file under ${decision.patient.patientId.id}` : `no link: ${decision.zone}`);
for (const sentence of explain(decision)) console.log(`  ${sentence}`);
