// Independent readers' word on coerced files, as `interhosp coerce` writes them: pydicom finds the name replaced, what was
// there in Original Attributes, and each other element, pixels above all, as it was; dcmdump reads every file; dciodvfy of
// dicom3tools finds no more to complain of than before.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CoercionInput } from '@interhosp/core/coercion';
import { errorCodeOf } from '@interhosp/core/errors';
import { parseMemberId } from '@interhosp/core/study';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { coerceFile } from '../../src/cli/coerce-file.ts';

const CORPUS = fileURLToPath(new URL('../../../core/test/corpus', import.meta.url));
const COMPARE = fileURLToPath(new URL('compare.py', import.meta.url));
/** Debian's, which has python3-pydicom; another first in the path need not. */
const PYTHON = '/usr/bin/python3';
/** Of the files that pydicom reads as they are, so many are accepted; the others lack an end, or say two things at once. */
const ACCEPTED_SHARE = 0.95;

const INPUT: CoercionInput = {
  patient: {
    patientId: { id: 'L-77', issuer: 'LOCAL' },
    name: { alphabetic: { family: 'Lefèvre', given: 'Zoé', middle: '', prefix: '', suffix: '' } },
    birthDate: '1950-01-02',
    sex: 'F',
  },
  sender: parseMemberId('be-sender'),
  receiver: parseMemberId('be-receiver'),
  time: { epochMs: Date.UTC(2026, 2, 14, 9), utcOffsetMinutes: 60 },
};

/** Three programs for each file, on a machine that may be busy. */
const WITHIN = { timeout: 600_000 };

/** A file, and its copy where it was accepted. */
interface Pair {
  readonly name: string;
  readonly before: string;
  readonly after?: string;
  readonly changed?: readonly string[];
  readonly code?: string;
}

let folder = '';
let pairs: readonly Pair[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'interhosp-oracle-'));
  pairs = await coercedCorpus();
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('coerced files', () => {
  it('hold the new name, the old one, and every other element as it was, and are nearly all of them', () => {
    const lines = pairs.map((pair) => JSON.stringify({ ...pair, patientName: 'Lefèvre^Zoé' }));
    const answer = spawnSync(PYTHON, [COMPARE], { input: lines.join('\n'), encoding: 'utf8' });
    expect(answer.stderr).toBe('');
    const found = answer.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { name: string; problems: string[]; readable: boolean });
    expect(found.length).toBe(pairs.length);
    expect(found.filter(({ problems }) => problems.length > 0)).toEqual([]);
    const readable = new Set(found.flatMap(({ name, readable: isReadable }) => (isReadable ? [name] : [])));
    const refused = pairs.filter(({ after, name }) => after === undefined && readable.has(name));
    console.log(
      `${readable.size} files that pydicom reads, ${refused.length} refused:`,
      refused.map(({ code, name }) => `${name} ${code}`),
    );
    expect(readable.size).toBeGreaterThan(50);
    expect((readable.size - refused.length) / readable.size).toBeGreaterThanOrEqual(ACCEPTED_SHARE);
  });

  it('are read by dcmdump, and break no rule of their module that they did not break before', WITHIN, async () => {
    const worse: string[] = [];
    for (const { after, before, name } of pairs) {
      if (after === undefined) continue;
      const [dumped, errorsBefore, errorsAfter] = await Promise.all([
        run('dcmdump', ['-q', after], 'ignore'),
        errorsIn(before),
        errorsIn(after),
      ]);
      if (dumped.code !== 0) worse.push(`${name}: dcmdump ends with ${dumped.code}`);
      if (errorsAfter > errorsBefore) worse.push(`${name}: ${errorsBefore} errors, then ${errorsAfter}`);
    }
    expect(worse).toEqual([]);
  });
});

async function coercedCorpus(): Promise<readonly Pair[]> {
  const roots = [CORPUS, process.env['INTERHOSP_CORPUS']].filter((root) => root !== undefined);
  const found = new Map<string, Pair>();
  for (const root of roots) {
    for (const before of globSync(`${root}/*/*`)) {
      const name = relative(root, before);
      if (name.endsWith('.md') || found.has(name)) continue;
      found.set(name, { before, name, ...(await coerced(before, join(folder, name))) });
    }
  }
  return [...found.values()];
}

async function coerced(before: string, after: string): Promise<Pick<Pair, 'after' | 'changed' | 'code'>> {
  try {
    const { changed } = await coerceFile(before, after, INPUT);
    return { after, changed };
  } catch (error) {
    const code = errorCodeOf(error);
    expect(code, before).toMatch(/^DICOM_/);
    return code === undefined ? {} : { code };
  }
}

/** Violations that dciodvfy counts as errors; it writes them to standard error. */
async function errorsIn(path: string): Promise<number> {
  const { text } = await run('dciodvfy', [path], 'pipe');
  return text.split('\n').filter((line) => line.startsWith('Error')).length;
}

async function run(
  program: string,
  words: readonly string[],
  errors: 'ignore' | 'pipe',
): Promise<{ readonly code: number; readonly text: string }> {
  const child = spawn(program, words, { stdio: ['ignore', 'ignore', errors] });
  let text = '';
  child.stderr?.setEncoding('latin1').on('data', (piece: string) => (text += piece));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code: code ?? -1, text };
}
