import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

test('routes the study to the prescriber’s hospital and files it under the patient, with reasons', async () => {
  const { stderr, stdout } = await promisify(execFile)(process.execPath, ['--conditions=@interhosp/source', main]);
  assert.equal(stderr, '');
  const [sent, filed, ...reasons] = stdout.trimEnd().split('\n');
  assert.match(sent ?? '', /^send to be-south, routine: .*directory of be-south$/);
  assert.equal(filed, 'file under S-30911');
  assert.match(reasons.join('\n'), /Family name Vérité, here Vérité: same/);
  assert.match(reasons.join('\n'), /Next candidate/);
});
