// An independent reader's word on coerced files: pydicom reads every corpus file before and after, and finds the name
// replaced, what was there in Original Attributes, and each other element as it was.

import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { coerceInstance, type CoercionInput } from '@interhosp/core/coercion';
import { bytesSource, part10Header, readPart10, readStudyHeader, spliceStream } from '@interhosp/core/dicom';
import { parseMemberId } from '@interhosp/core/study';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const CORPUS = fileURLToPath(new URL('../../../core/test/corpus', import.meta.url));
const COMPARE = fileURLToPath(new URL('compare.py', import.meta.url));
/** Debian's, which has python3-pydicom; another first in the path need not. */
const PYTHON = '/usr/bin/python3';

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

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}

describe('coerced files as pydicom reads them', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'interhosp-oracle-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('hold the new name, the old one, and every other element as it was', async () => {
    const roots = [CORPUS, process.env['INTERHOSP_CORPUS']].filter((root) => root !== undefined);
    const lines: string[] = [];
    const seen = new Set<string>();
    for (const [root, path] of roots.flatMap((root) => globSync(`${root}/*/*`).map((path) => [root, path] as const))) {
      const name = relative(root, path);
      if (name.endsWith('.md') || seen.has(name)) continue;
      seen.add(name);
      const after = join(folder, name);
      const changed = await coerceFile(path, after);
      const pair = { name, before: path, after, changed, patientName: 'Lefèvre^Zoé' };
      if (changed !== undefined) lines.push(JSON.stringify(pair));
    }
    const answer = spawnSync(PYTHON, [COMPARE], { input: lines.join('\n'), encoding: 'utf8' });
    expect(answer.stderr).toBe('');
    const found = answer.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { name: string; problems: string[] });
    expect(found.filter(({ problems }) => problems.length > 0)).toEqual([]);
    expect(found.length).toBe(lines.length);
    expect(found.length).toBeGreaterThan(35);
  });
});

/** Coerces one file; undefined when it is refused with a code. */
async function coerceFile(path: string, after: string): Promise<readonly string[] | undefined> {
  try {
    const { transferSyntaxUid, dataSet } = await readPart10(once(readFileSync(path)));
    const source = bytesSource(await collect(dataSet));
    const { plan, changed } = await coerceInstance(source, transferSyntaxUid, INPUT);
    const { identity } = await readStudyHeader(source, transferSyntaxUid);
    mkdirSync(join(after, '..'), { recursive: true });
    writeFileSync(after, Buffer.concat([part10Header(identity), await collect(spliceStream(plan, source))]));
    return changed;
  } catch (error) {
    expect(error, path).toHaveProperty('code', expect.stringMatching(/^DICOM_/));
    return undefined;
  }
}
