import { describe, it } from 'vitest';
import { patientsHl7 } from '@interhosp/adapters/patients-hl7';
import {
  patientDirectoryConformance,
  patientRegistryConformance,
  SAMPLE_LOCAL_ISSUER,
} from '@interhosp/core/conformance';
import type { LocalPatient } from '@interhosp/core/study';
import { testClock } from './clock.ts';
import { adt, pid, Sender } from './hl7-messages.ts';
import { MemoryRegistry } from './memory-registry.ts';

function personOf(patient: LocalPatient): string {
  const { family = '', given = '', middle = '' } = patient.name?.alphabetic ?? {};
  const { birthDate, city = '', nationalNumber, patientId, phone = '', postcode = '', sex = '', street = '' } = patient;
  const number = nationalNumber === undefined ? '' : `~${nationalNumber}^^^RRN^NNBEL`;
  return pid({
    3: `${patientId.id}^^^HOSP^PI${number}`,
    5: patient.name === undefined ? '' : `${family}^${given}^${middle}^^^^L`,
    7: birthDate?.replaceAll('-', '') ?? '',
    8: sex,
    11: `${street}^^${city}^^${postcode}^^H`,
    13: phone,
  });
}

/** Sends one message after the other, and sees each taken. */
async function sendAll(port: number, messages: readonly string[]): Promise<void> {
  const sender = await Sender.connect(port);
  for (const message of messages) {
    sender.send(message);
    const code = await sender.code();
    if (code !== 'AA') throw new Error(`answered ${code}`);
  }
  sender.close();
}

const header = { 18: '8859/1' };

patientDirectoryConformance(
  { describe, it },
  {
    name: 'patients-hl7',
    create: async (patients) => {
      const registry = new MemoryRegistry();
      const directory = patientsHl7({
        registry,
        issuer: SAMPLE_LOCAL_ISSUER,
        authorities: ['HOSP'],
        clock: testClock(),
        port: 0,
      });
      let held: readonly LocalPatient[] = [];
      const replace = async (next: readonly LocalPatient[]): Promise<void> => {
        const gone = held.filter(({ patientId }) => !next.some((each) => each.patientId.id === patientId.id));
        held = next;
        await sendAll(directory.port, [
          ...gone.map((patient) => adt({ event: 'A29', header, segments: [personOf(patient)] })),
          ...next.map((patient) => adt({ event: 'A28', header, segments: [personOf(patient)] })),
        ]);
      };
      await directory.start();
      await replace(patients);
      return { directory, replace, dispose: async () => {} };
    },
    createUnavailable: async () => {
      const registry = new MemoryRegistry();
      registry.start = async () => {};
      return patientsHl7({ registry, issuer: 'X', clock: testClock(), port: 0 });
    },
  },
);

// What the tests of the feed write to keeps the contract as well.
patientRegistryConformance(
  { describe, it },
  {
    name: 'memory, of the tests',
    isDurable: false,
    create: async () => ({ registry: new MemoryRegistry(), dispose: async () => {} }),
  },
);
