// Runs one benchmark: `pnpm bench NAME [--case C] [--quick] [--json]`. Each is a file `bench/NAME.bench.ts`.

import { globSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const names = globSync('*.bench.ts', { cwd: here }).map((file) => basename(file, '.bench.ts'));
const name = process.argv[2];

if (name === undefined || !names.includes(name)) {
  console.error(`usage: pnpm bench NAME [--case C] [--quick] [--json]\nNAME is one of: ${names.sort().join(', ')}`);
  process.exitCode = 2;
} else {
  process.argv.splice(2, 1); // The benchmark reads its own options.
  await import(`./${name}.bench.ts`);
}
