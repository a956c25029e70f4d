/**
 * Where `interhosp` begins. V8's young generation is kept small before anything else is loaded: what passes through a
 * member is bytes outside the heap, and by default it grows to three times 16 MiB while the modules load, for good.
 */
import { setFlagsFromString } from 'node:v8';

/** MiB; Node's documented option `--max-semi-space-size` takes precedence when a hospital gives it. */
const MAX_SEMI_SPACE_MIB = 2;

if (!process.execArgv.some((option) => option.startsWith('--max-semi-space-size'))) {
  setFlagsFromString(`--max-semi-space-size=${MAX_SEMI_SPACE_MIB}`);
}
await import('./program.ts');
