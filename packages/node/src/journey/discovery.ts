/**
 * Finds studies that shall leave: looks at the PACS every so often, waits until a study is quiet, reads one header of it
 * and asks the rules. What was decided for a study and a count of instances is not asked again.
 */
import { readStudyHeader, type Uid } from '@interhosp/core/dicom';
import { errorCodeOf } from '@interhosp/core/errors';
import type { InstanceSummary, PacsSource, StudySummary } from '@interhosp/core/pacs';
import type { StudyHeader } from '@interhosp/core/study';
import type { Clock, Log } from '@interhosp/core/world';
import { errorFields } from '../observe/logger.ts';
import { prefixSource } from './prefix-source.ts';

/** So many instances are tried for a header that can be read: a few bad ones must not keep a study at home. */
const MAX_HEADER_TRIES = 5;

/** When a study counts as complete, and how far back is looked. */
export interface DiscoverySettings {
  readonly pollMs: number;
  readonly quietMs: number;
  readonly windowDays: number | 'all';
  readonly nationalNumberIssuers: readonly string[];
}

/** A study that is complete, for the rules. */
export interface CompleteStudy {
  readonly header: StudyHeader;
  readonly instances: number;
}

/** What discovery needs. */
export interface DiscoveryPorts {
  readonly source: PacsSource;
  readonly settings: DiscoverySettings;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether this study with this count was dealt with: sent, or received from elsewhere. */
  isSettled(studyInstanceUid: Uid, instances: number): boolean;
  /** Asks the rules and begins exchanges, durable on return. False when the rules must be asked again later. */
  onComplete(study: CompleteStudy): Promise<boolean>;
}

interface Sighting {
  readonly instances: number;
  readonly sinceMs: number;
  readonly isDone: boolean;
}

/** Runs until the signal aborts. A PACS that is down is asked again; nothing is forgotten meanwhile. */
export async function discover(ports: DiscoveryPorts, signal: AbortSignal): Promise<void> {
  const sightings = new Map<Uid, Sighting>();
  while (!signal.aborted) {
    try {
      await lookOnce(ports, sightings, signal);
    } catch (error) {
      if (!signal.aborted) ports.log.write('warn', 'discovery.failed', errorFields(error));
    }
    await ports.clock.sleep(ports.settings.pollMs, { signal }).catch(() => {});
  }
}

async function lookOnce(ports: DiscoveryPorts, sightings: Map<Uid, Sighting>, signal: AbortSignal): Promise<void> {
  const seen = new Map<Uid, StudySummary>();
  const twice = new Set<Uid>();
  for await (const summary of ports.source.findStudies(windowOf(ports), { signal })) {
    if (seen.has(summary.studyInstanceUid)) twice.add(summary.studyInstanceUid);
    seen.set(summary.studyInstanceUid, summary);
  }
  for (const uid of sightings.keys()) if (!seen.has(uid)) sightings.delete(uid);
  for (const [uid, summary] of seen) {
    // Under two patients at the source: which of them it is, a person there must say.
    if (twice.has(uid)) {
      if (sightings.get(uid)?.isDone !== true)
        ports.log.write('warn', 'discovery.study.under-two-patients', { studyInstanceUid: uid });
      sightings.set(uid, { instances: 0, isDone: true, sinceMs: 0 });
      continue;
    }
    try {
      await consider(ports, sightings, summary, signal);
    } catch (error) {
      signal.throwIfAborted();
      // One unreadable study must not keep the others at home.
      ports.log.write('warn', 'discovery.study.failed', { ...errorFields(error), studyInstanceUid: uid });
    }
  }
}

async function consider(
  ports: DiscoveryPorts,
  sightings: Map<Uid, Sighting>,
  summary: StudySummary,
  signal: AbortSignal,
): Promise<void> {
  const { clock, settings } = ports;
  const uid = summary.studyInstanceUid;
  const known = sightings.get(uid);
  if (known?.isDone === true && known.instances === summary.instances) return;
  const instances = await instancesOf(ports, summary, signal);
  const isSame = known?.instances === instances;
  const sinceMs = isSame ? known.sinceMs : clock.monotonicMs();
  const note = (isDone: boolean) => sightings.set(uid, { instances, isDone, sinceMs });
  if (isSame && known.isDone) return;
  if (instances === 0 || ports.isSettled(uid, instances)) return void note(instances > 0);
  note(false);
  if (clock.monotonicMs() - sinceMs < settings.quietMs) return;
  note(await ports.onComplete({ header: await headerOf(ports, summary, signal), instances }));
}

/** How many instances the PACS holds of a study now: its own word, or counted where it does not say. */
export async function instancesOf(
  { source }: Pick<DiscoveryPorts, 'source'>,
  { instances, studyInstanceUid }: StudySummary,
  signal: AbortSignal,
): Promise<number> {
  if (instances !== undefined) return instances;
  let counted = 0;
  for await (const _ of source.findInstances(studyInstanceUid, { signal })) counted++;
  return counted;
}

/**
 * The header of one instance, with what the PACS says of the study as a whole.
 *
 * @throws {DicomError} when none of the first few instances can be read.
 */
export async function headerOf(
  ports: Pick<DiscoveryPorts, 'settings' | 'source'>,
  summary: StudySummary,
  signal: AbortSignal,
): Promise<StudyHeader> {
  const listed = await firstOf(ports.source.findInstances(summary.studyInstanceUid, { signal }), MAX_HEADER_TRIES);
  const tries = listed.length === 0 ? [[]] : listed.map((instance) => [instance]);
  const failures: unknown[] = [];
  for (const instances of tries) {
    try {
      const header = await headerIn(ports, summary, instances, signal);
      if (header !== undefined) return header;
    } catch (error) {
      // What is wrong with this one instance says nothing of the next; a PACS that fails does.
      if (errorCodeOf(error)?.startsWith('DICOM_') !== true) throw error;
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return summary.header;
}

/** Undefined when nothing comes. */
async function headerIn(
  { settings, source }: Pick<DiscoveryPorts, 'settings' | 'source'>,
  summary: StudySummary,
  instances: readonly InstanceSummary[],
  signal: AbortSignal,
): Promise<StudyHeader | undefined> {
  for await (const { dataSet, transferSyntaxUid } of source.retrieve(summary.studyInstanceUid, { instances, signal })) {
    const { nationalNumberIssuers } = settings;
    const { header } = await readStudyHeader(await prefixSource(dataSet), transferSyntaxUid, { nationalNumberIssuers });
    const modalities = [...new Set([...header.modalities, ...summary.header.modalities])].toSorted();
    return { ...header, modalities };
  }
  return undefined;
}

function windowOf({ clock, settings }: DiscoveryPorts) {
  if (settings.windowDays === 'all') return {};
  return { studyDateFrom: new Date(clock.now() - settings.windowDays * 86_400_000).toISOString().slice(0, 10) };
}

async function firstOf<T>(items: AsyncIterable<T>, most: number): Promise<readonly T[]> {
  const first: T[] = [];
  for await (const item of items) if (first.push(item) === most) break;
  return first;
}
