import { generateStudy } from '@interhosp/core/conformance';
import type { PatientDirectory } from '@interhosp/core/patients';
import { toDecisionRecord } from '@interhosp/core/reconciliation';
import type { ArrivingPatient, LocalPatient } from '@interhosp/core/study';
import { silentLog } from '@interhosp/core/world';
import { describe, expect, it } from 'vitest';
import { admitted, exchangeIn, typesOf, type Written } from '../../test/journey/exchanges.ts';
import { codeOf, stillClock } from '../../test/storage/worlds.ts';
import type { LiveExchange } from '../member/live-exchange.ts';
import { decide, settlePatient, type PatientPorts, type PatientSettings } from './patient.ts';

const local: LocalPatient = {
  birthDate: '1985-07-30',
  name: { alphabetic: { family: 'Van den Berghe', given: 'Jan', middle: '', prefix: '', suffix: '' } },
  nationalNumber: '85073003328',
  patientId: { id: 'L1', issuer: 'SOUTH' },
  sex: 'M',
};
const { patientId: _, ...traits } = local;
const arrival: ArrivingPatient = { ...traits, patientId: { id: 'A-1', issuer: 'NORTH' } };
const stranger: ArrivingPatient = {
  birthDate: '2001-01-19',
  name: { alphabetic: { family: 'Özdemir', given: 'Elif', middle: '', prefix: '', suffix: '' } },
  sex: 'F',
};

/** A directory that can be added to. */
function directoryOf(...patients: LocalPatient[]): PatientDirectory & { register(patient: LocalPatient): void } {
  const listeners = new Set<() => void>();
  return {
    candidates: () => Promise.resolve([...patients]),
    get: (id) => Promise.resolve(patients.find(({ patientId }) => patientId.id === id)),
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    register: (patient) => {
      patients.push(patient);
      for (const listener of listeners) listener();
    },
    size: () => Promise.resolve(50_000),
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
  };
}

function portsOf(directory: PatientDirectory, mode: PatientSettings['mode'] = 'automatic'): PatientPorts {
  return { clock: stillClock(), directory, log: silentLog, settings: { mode, policy: 'standard', profile: 'be' } };
}

/** Resolves when the exchange has this state of the patient. */
function reaches(x: LiveExchange, state: string): Promise<void> {
  return x.until((now) => now.state.patient === state, AbortSignal.timeout(5000));
}

const { signal } = new AbortController();

describe('settling the patient', () => {
  it('links alone when there is no doubt and the site files automatically', async () => {
    const written: Written[] = [];
    const x = await admitted(written, arrival);
    expect(await settlePatient(x, portsOf(directoryOf(local)), signal)).toEqual(local);
    expect(typesOf(written).slice(2)).toEqual(['RECONCILING', 'LINKED']);
    expect(x.required('LINKED').by).toBe('automatic');
  });

  it.each(['confirmed', 'shadow'] as const)('asks a person in %s mode, however sure it is', async (mode) => {
    const written: Written[] = [];
    const x = await admitted(written, arrival);
    const settled = settlePatient(x, portsOf(directoryOf(local), mode), signal);
    await reaches(x, 'REVIEW');
    expect(x.state.has('LINKED')).toBe(false);
    await x.record('DECIDED', { by: 'An', kind: 'link', patientId: 'L1' });
    expect(await settled).toEqual(local);
    expect(x.required('LINKED')).toEqual({ by: 'An', patient: local });
  });

  it('files under the patient whom the person chose, as the directory knows them then', async () => {
    const other: LocalPatient = { ...local, patientId: { id: 'L2', issuer: 'SOUTH' } };
    const directory = directoryOf(local, other);
    const x = await admitted([], arrival);
    const settled = settlePatient(x, portsOf(directory, 'confirmed'), signal);
    await reaches(x, 'REVIEW');
    await x.record('DECIDED', { by: 'An', kind: 'link', patientId: 'L2' });
    expect((await settled).patientId.id).toBe('L2');
  });

  it('tries again later when the chosen patient is not in the directory any more', async () => {
    const x = await admitted([], arrival);
    const settled = settlePatient(x, portsOf(directoryOf(local), 'confirmed'), signal);
    await reaches(x, 'REVIEW');
    await x.record('DECIDED', { by: 'An', kind: 'link', patientId: 'GONE' });
    await expect(settled).rejects.toMatchObject({ retry: 'later' });
    expect(x.state.has('LINKED')).toBe(false);
  });

  it('ends when the person rejects the study', async () => {
    const x = await admitted([], arrival);
    const settled = settlePatient(x, portsOf(directoryOf(local), 'confirmed'), signal);
    await reaches(x, 'REVIEW');
    await x.record('DECIDED', { by: 'An', kind: 'reject', reason: 'not ours' });
    expect(await codeOf(settled)).toBe('TRANSFER_CANCELLED');
  });

  it('waits for the registration of a patient whom nobody here is like, and never invents one', async () => {
    const directory = directoryOf(local);
    const x = await admitted([], stranger);
    const settled = settlePatient(x, portsOf(directory), signal);
    await reaches(x, 'AWAITING_PATIENT');
    const registered: LocalPatient = { ...stranger, patientId: { id: 'L9', issuer: 'SOUTH' } };
    // A change that brings nobody: it looks, and waits on.
    directory.register({ ...local, patientId: { id: 'L3' } });
    await x.until(({ history }) => history.filter(({ type }) => type === 'AWAITING_PATIENT').length === 2, signal);
    expect(x.state.has('LINKED')).toBe(false);
    directory.register({ ...registered, nationalNumber: '01011900297' });
    await x.until(({ state }) => state.patient !== 'AWAITING_PATIENT', AbortSignal.timeout(5000));
    if (!x.state.has('LINKED')) await x.record('DECIDED', { by: 'An', kind: 'link', patientId: 'L9' });
    expect((await settled).patientId.id).toBe('L9');
  });

  it('lets a person link while it waits for a registration', async () => {
    const x = await admitted([], stranger);
    const settled = settlePatient(x, portsOf(directoryOf(local)), signal);
    await reaches(x, 'AWAITING_PATIENT');
    await x.record('DECIDED', { by: 'An', kind: 'link', patientId: 'L1' });
    expect((await settled).patientId.id).toBe('L1');
  });

  it('waits for a registration once a person said that the patient is new', async () => {
    const nearly = { ...arrival, birthDate: '1985-07-31', nationalNumber: '', sex: 'M' } as ArrivingPatient;
    const x = await admitted([], nearly);
    const settled = settlePatient(x, portsOf(directoryOf(local), 'confirmed'), signal);
    await reaches(x, 'REVIEW');
    await x.record('DECIDED', { by: 'An', kind: 'new', notPatientIds: ['L1'] });
    await reaches(x, 'AWAITING_PATIENT');
    await x.record('DECIDED', { by: 'Bo', kind: 'link', patientId: 'L1' });
    expect((await settled).patientId.id).toBe('L1');
  });

  it('never links by itself whom a person has refused, not even where the machine links alone', async () => {
    for (const mode of ['automatic', 'confirmed'] as const) {
      const directory = directoryOf(local);
      const x = await admitted([], arrival);
      await x.record('RECONCILING', { decision: toDecisionRecord(await decide(x, portsOf(directory))) });
      await x.record('DECIDED', { by: 'An', kind: 'new', notPatientIds: ['L1'] });
      const stop = new AbortController();
      const settled = settlePatient(x, portsOf(directory, mode), stop.signal);
      await reaches(x, 'AWAITING_PATIENT');
      directory.register({ ...local, patientId: { id: 'L3' }, birthDate: '1901-01-02' });
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(x.state.has('LINKED')).toBe(false);
      stop.abort(new Error('enough'));
      await expect(settled).rejects.toThrow('enough');
    }
  });

  it('heeds a decision that is taken while the directory is being asked', async () => {
    const directory = directoryOf(local, { ...local, patientId: { id: 'L2', issuer: 'SOUTH' } });
    const x = await admitted([], arrival);
    await x.record('RECONCILING', { decision: toDecisionRecord(await decide(x, portsOf(directory))) });
    await x.record('REVIEW', {});
    const slow = Promise.withResolvers<void>();
    const asked = Promise.withResolvers<void>();
    const candidates: typeof directory.candidates = async (...given) => {
      asked.resolve();
      await slow.promise;
      return directory.candidates(...given);
    };
    const settled = settlePatient(x, portsOf({ ...directory, candidates }, 'automatic'), signal);
    await asked.promise;
    await x.record('DECIDED', { by: 'An', kind: 'link', patientId: 'L2' });
    slow.resolve();
    expect((await settled).patientId.id).toBe('L2');
    expect(x.recorded('LINKED')?.by).toBe('An');
  });

  it('goes on after a restart where it stopped: in review, decided, or linked', async () => {
    const written: Written[] = [];
    const first = await admitted(written, arrival);
    const stop = new AbortController();
    const settled = settlePatient(first, portsOf(directoryOf(local), 'confirmed'), stop.signal);
    await reaches(first, 'REVIEW');
    const reason = new Error('stopped');
    stop.abort(reason);
    await expect(settled).rejects.toBe(reason);

    const uid = generateStudy({ instances: 1 }).studyInstanceUid;
    const second = exchangeIn(written, 'receiver', uid);
    expect(second.state.patient).toBe('REVIEW');
    await second.record('DECIDED', { by: 'An', kind: 'link', patientId: 'L1' });
    const third = exchangeIn(written, 'receiver', uid);
    expect(await settlePatient(third, portsOf(directoryOf(local), 'confirmed'), signal)).toEqual(local);
    const fourth = exchangeIn(written, 'receiver', uid);
    const records = written.length;
    // Linked: not even the directory is asked.
    expect(await settlePatient(fourth, portsOf(directoryOf(), 'confirmed'), signal)).toEqual(local);
    expect(written.length).toBe(records);
  });
});
