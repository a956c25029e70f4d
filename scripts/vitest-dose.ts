// How much each suite does: little on every change, much at night (`pnpm check:long`, or INTERHOSP_DOSE=long).

/** Runs of each property under the long dose; a property that names its own number keeps it. */
const longRuns = 5_000;

if (process.env['INTERHOSP_DOSE'] === 'long') {
  const { default: fc } = await import('fast-check');
  fc.configureGlobal({ ...fc.readConfigureGlobal(), numRuns: longRuns });
}
