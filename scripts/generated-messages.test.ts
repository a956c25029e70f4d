import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { expect, it } from 'vitest';

it('finds the committed messages equal to what their .proto files give', () => {
  const script = fileURLToPath(new URL('generate-messages.ts', import.meta.url));
  const answer = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' });
  expect(answer.stderr).toBe('');
  expect(answer.status).toBe(0);
});
