/**
 * Writes to a registry until it is killed: `killed-feed.ts FOLDER apply|replace SEED`. A line with the number of each call
 * goes out once it has returned.
 */
import { writeSync } from 'node:fs';
import { changesOf, listOf, patients } from './changes.ts';
import { listed, registryIn } from './registries.ts';

const [folder = '', mode = '', seed = '0'] = process.argv.slice(2);
const from = patients(mode === 'apply' ? 200 : 2_400);
const registry = registryIn(folder);
await registry.start();
writeSync(1, 'started\n');
for (let step = 0; ; step++) {
  if (mode === 'apply') await registry.apply(changesOf(Number(seed), step, from));
  else await registry.replaceAll(listed(listOf(step, from)));
  writeSync(1, `${step}\n`);
}
