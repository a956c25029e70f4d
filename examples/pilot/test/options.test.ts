import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseOptions, UsageError } from '../src/options.ts';
import { findOrthanc } from '../src/pacs-start.ts';

test('options are read, and what is not one is refused', () => {
  const usual = { help: false, json: false, keep: false, pacs: 'embedded', protocol: 'dicomweb' };
  assert.deepEqual(parseOptions([]), usual);
  assert.deepEqual(parseOptions(['--', '--json', '--keep']), { ...usual, json: true, keep: true });
  assert.deepEqual(parseOptions(['--pacs', 'orthanc']), { ...usual, pacs: 'orthanc', protocol: 'dimse' });
  assert.equal(parseOptions(['--pacs', 'orthanc', '--protocol', 'dicomweb']).protocol, 'dicomweb');
  const wrongs = [['--pacs', 'sharks'], ['--pacs'], ['--jsno'], ['more'], ['--protocol', 'dimse']];
  for (const wrong of [...wrongs, ['--pacs', 'orthanc', '--protocol', 'post']]) {
    assert.throws(() => parseOptions(wrong), UsageError, wrong.join(' '));
  }
});

test('without Orthanc or its plugin it says what to install', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'demo-options-'));
  try {
    assert.throws(() => findOrthanc([folder], [folder]), /apt-get install .* orthanc orthanc-dicomweb/);
    const program = join(folder, 'Orthanc');
    await writeFile(program, '');
    assert.throws(() => findOrthanc([folder], [folder]), /apt-get install .*recommends orthanc-dicomweb/);
    const plugin = join(folder, 'libOrthancDicomWeb.so');
    await writeFile(plugin, '');
    assert.deepEqual(findOrthanc(['', folder], [folder]), { plugin, program });
  } finally {
    await rm(folder, { recursive: true });
  }
});
