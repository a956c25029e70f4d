/**
 * The patient index on disk beside the one in memory: import of a registry, questions and whole decisions, and the memory of
 * a process that does nothing else.
 *
 *   pnpm bench patients [--quick] [--runs N] [--json]
 *
 * A million synthetic patients, or 50,000 with --quick. One line of JSON a metric.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { PatientsSide } from './patients-side.ts';
import { report } from './report.ts';
import { benchOptions } from './sides.ts';

const PATIENTS = { quick: 50_000, whole: 1_000_000 };
/** A heap for a million patients in memory, which is the peer's. */
const HEAP_MB = 12_000;

const nameOf = (count: number) => `registry-${count}`;
const { note, quick, runs } = benchOptions((isQuick) => [nameOf(isQuick ? PATIENTS.quick : PATIENTS.whole)]);
const count = quick ? PATIENTS.quick : PATIENTS.whole;
const folder = await mkdtemp(join(tmpdir(), 'interhosp-bench-patients-'));

try {
  note(`making ${count} patients`);
  await side('make');
  const ours: PatientsSide[] = [];
  const peer: PatientsSide[] = [];
  for (let run = 0; run < (quick ? runs : 1); run++) {
    ours.push(await measured('ours'));
    note(`ours: ${JSON.stringify(ours.at(-1))}`);
    peer.push(await measured('peer'));
    note(`peer: ${JSON.stringify(peer.at(-1))}`);
  }
  const line = (metric: keyof PatientsSide, unit: string, better: 'higher' | 'lower') => {
    const values = (sides: readonly PatientsSide[]) => sides.flatMap((one) => one[metric] ?? []);
    report({
      bench: 'patients',
      case: nameOf(count),
      metric,
      unit,
      better,
      ours: values(ours),
      ...(values(peer).length === 0 ? {} : { peer: { name: 'index in memory', values: values(peer) } }),
    });
  };
  line('importedPerSecond', 'patients/s', 'higher');
  line('unchangedPerSecond', 'patients/s', 'higher');
  line('openedSeconds', 's', 'lower');
  line('candidatesP50', 'ms', 'lower');
  line('candidatesP99', 'ms', 'lower');
  line('decisionP50', 'ms', 'lower');
  line('decisionP99', 'ms', 'lower');
  line('importPeakMb', 'MB', 'lower');
  line('answerMb', 'MB', 'lower');
  line('answerFileMb', 'MB', 'lower');
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function measured(role: 'ours' | 'peer'): Promise<PatientsSide> {
  if (role === 'peer') return JSON.parse(await side('peer')) as PatientsSide;
  await rm(join(folder, `index-${count}`), { recursive: true, force: true });
  // One process imports and another is asked, as after a restart of the member.
  return { ...JSON.parse(await side('import')), ...JSON.parse(await side('ask')) } as PatientsSide;
}

async function side(role: 'make' | 'import' | 'ask' | 'peer'): Promise<string> {
  const script = fileURLToPath(new URL('patients-side.ts', import.meta.url));
  const heap = role === 'import' || role === 'ask' ? [] : [`--max-old-space-size=${HEAP_MB}`];
  const args = ['--conditions=@interhosp/source', ...heap, script, role, folder, String(count)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return stdout;
}
