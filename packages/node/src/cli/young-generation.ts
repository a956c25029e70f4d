/**
 * Imported before anything else: keeps V8's young generation small. What passes through a member is bytes outside the
 * heap; by default the young generation grows to three times 16 MiB while the modules load, and never shrinks again.
 */
import { setFlagsFromString } from 'node:v8';

/** MiB; the same as Node's documented option `--max-semi-space-size`, which a hospital may still give. */
const MAX_SEMI_SPACE_MIB = 4;

if (!process.execArgv.some((option) => option.startsWith('--max-semi-space-size'))) {
  setFlagsFromString(`--max-semi-space-size=${MAX_SEMI_SPACE_MIB}`);
}
