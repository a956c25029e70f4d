/**
 * From the PID and MRG segments of a message to changes of the registry. Messages come twice, late, and in another order than
 * they were made: a change that was made before is none, and a record that was merged away does not come back by a late one.
 */
import type { PatientChange, PatientRegistry } from '@interhosp/core/patients';
import type { LocalPatient } from '@interhosp/core/study';
import { MOST_PATIENTS } from './defaults.ts';
import type { EventMeaning } from './events.ts';
import { patientIdsOf, type IdentifierRules } from './identifiers.ts';
import type { Segment } from './message.ts';
import { readPerson, updated, type PersonUpdate } from './person.ts';
import { Refusal } from './refusal.ts';

/** What is asked of the registry while a message is read. */
export type KnownPatients = Pick<PatientRegistry, 'get' | 'currentId'>;

/** How messages become changes. */
export interface ChangeRules extends IdentifierRules {
  /** Whether an empty field keeps what is held. */
  readonly keepsEmpty: boolean;
}

/** What a message comes to. */
export interface PlannedChanges {
  readonly changes: readonly PatientChange[];
  /** Patients whose record was merged away before, so that nothing was taken over. */
  readonly superseded: number;
  /** Fields with values that are none. */
  readonly ignored: readonly string[];
}

/** A patient of a message, with the records that go. */
interface Group {
  readonly pid: Segment;
  readonly mrg: Segment | undefined;
}

/** @throws {Refusal} and what the registry throws. */
export async function changesOf(
  meaning: Exclude<EventMeaning, 'left' | 'other'>,
  segments: readonly Segment[],
  registry: KnownPatients,
  rules: ChangeRules,
): Promise<PlannedChanges> {
  const draft = new Draft(registry, rules);
  const groups = groupsOf(segments);
  const several = meaning === 'merge' || meaning === 'rename';
  if (groups.length > 1 && !several) throw new Refusal('patients', 'PID-1');
  for (const group of groups) {
    const person = readPerson(group.pid, rules);
    draft.ignored.push(...person.ignored);
    if (meaning === 'put') await draft.put(person);
    else if (meaning === 'remove') await draft.remove(person);
    else if (meaning === 'merge') await draft.merge(person, priorIds(group, rules));
    else await draft.rename(person, priorIds(group, rules));
  }
  return draft;
}

function groupsOf(segments: readonly Segment[]): readonly Group[] {
  const groups: { pid: Segment; mrg: Segment | undefined }[] = [];
  for (const segment of segments) {
    const last = groups.at(-1);
    if (segment.name === 'PID') groups.push({ pid: segment, mrg: undefined });
    else if (segment.name === 'MRG' && last !== undefined && last.mrg === undefined) last.mrg = segment;
    else throw new Refusal('no-patient', 'MRG-1');
    if (groups.length > MOST_PATIENTS) throw new Refusal('too-many', 'PID-1');
  }
  if (groups.length === 0) throw new Refusal('no-patient', 'PID-1');
  return groups;
}

/** @throws {Refusal} */
function priorIds({ mrg }: Group, rules: IdentifierRules): readonly string[] {
  if (mrg === undefined) throw new Refusal('no-prior', 'MRG-1');
  const ids = patientIdsOf(mrg.repetitions(1), rules, 'MRG-1');
  if (ids.length === 0) throw new Refusal('no-patient-id', 'MRG-1');
  return ids;
}

/** The registry as it will be after the changes so far: the groups of one message may build on one another. */
class Draft implements PlannedChanges {
  readonly changes: PatientChange[] = [];
  readonly ignored: string[] = [];
  superseded = 0;
  readonly #registry: KnownPatients;
  readonly #rules: ChangeRules;
  readonly #patients = new Map<string, LocalPatient | undefined>();
  readonly #leads = new Map<string, string>();

  constructor(registry: KnownPatients, rules: ChangeRules) {
    this.#registry = registry;
    this.#rules = rules;
  }

  /** Takes over what a message says of a patient, unless that record is gone. */
  async put(person: PersonUpdate, base?: LocalPatient): Promise<void> {
    const { patientId } = person;
    if ((await this.#currentId(patientId)) !== patientId) {
      this.superseded++;
      return;
    }
    const patient = updated((await this.#get(patientId)) ?? base, person, this.#rules);
    this.#patients.set(patientId, patient);
    this.changes.push({ kind: 'put', patient });
  }

  /** Takes a patient out, unless that record is gone: under its ID another person may be found. */
  async remove({ patientId }: PersonUpdate): Promise<void> {
    if ((await this.#currentId(patientId)) === patientId) this.changes.push({ kind: 'remove', patientId });
    else this.superseded++;
  }

  async merge(person: PersonUpdate, priorIds: readonly string[]): Promise<void> {
    const into = await this.#currentId(person.patientId);
    let base: LocalPatient | undefined;
    const going: string[] = [];
    for (const patientId of priorIds) {
      if (patientId === person.patientId) throw new Refusal('same-patient', 'MRG-1');
      const now = await this.#currentId(patientId);
      if (now !== patientId && now === into) continue;
      // Two sayings about one record, or back where it came from: whom it belongs to is for the hospital to find out.
      if (now !== patientId || into === patientId) throw new Refusal('merged-elsewhere', 'MRG-1');
      base ??= await this.#get(patientId);
      going.push(patientId);
    }
    // The survivor first, and where it was unknown with what is known of the other: they are one person.
    await this.put(person, base);
    for (const patientId of going) {
      this.changes.push({ kind: 'merge', patientId, into });
      this.#patients.set(patientId, undefined);
      this.#leads.set(patientId, into);
    }
  }

  async rename(person: PersonUpdate, priorIds: readonly string[]): Promise<void> {
    const [patientId = '', ...more] = priorIds;
    const { patientId: to } = person;
    if (more.length > 0) throw new Refusal('patient-ids', 'MRG-1');
    if (patientId === to) throw new Refusal('same-patient', 'MRG-1');
    const now = await this.#currentId(patientId);
    const isDone = now !== patientId && now === (await this.#currentId(to));
    if (!isDone) {
      if (now !== patientId) throw new Refusal('merged-elsewhere', 'MRG-1');
      const held = await this.#get(patientId);
      // Perhaps the same person, perhaps a slip: two records that a person looks at harm nobody.
      if (held !== undefined && (await this.#get(to)) !== undefined) throw new Refusal('id-taken', 'PID-3');
      this.changes.push({ kind: 'rename', patientId, to });
      this.#patients.set(patientId, undefined).set(to, held && { ...held, patientId: { ...held.patientId, id: to } });
      this.#leads.set(patientId, to).set(to, to);
    }
    await this.put(person);
  }

  async #get(patientId: string): Promise<LocalPatient | undefined> {
    return this.#patients.has(patientId) ? this.#patients.get(patientId) : await this.#registry.get(patientId);
  }

  async #currentId(patientId: string): Promise<string> {
    const seen = new Set<string>();
    let id = patientId;
    for (;;) {
      const next = this.#leads.get(id) ?? (await this.#registry.currentId(id));
      if (next === id || seen.has(next)) return id;
      seen.add(id);
      id = next;
    }
  }
}
