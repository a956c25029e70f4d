/** Limits of the dcmjs worker. */

/** Bytes of a data set, or characters of a JSON model, that are handed over; query keys and answers take a few kilobytes. */
export const MAX_INPUT_BYTES = 1_048_576;
/** Characters of a JSON model, or bytes of a data set, that come back. */
export const MAX_OUTPUT_BYTES = 8_388_608;
/** One call; loading dcmjs itself, about 0.2 s, is not counted. Real calls take milliseconds. */
export const DEADLINE_MS = 2_000;
/** Starting a worker and loading dcmjs; a machine under load takes its time. */
export const START_WITHIN_MS = 30_000;
/** Heap of the worker's old generation: dcmjs and its dictionary take about 30 MB of it. */
export const MAX_HEAP_MB = 96;
/** Heap of the worker's young generation. */
export const MAX_YOUNG_MB = 16;
/** Stack of the worker: dcmjs reads nested sequences by recursion. */
export const STACK_MB = 4;
/** Calls that wait for the worker; it does one at a time. */
export const MAX_WAITING = 256;
