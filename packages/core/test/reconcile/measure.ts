/**
 * Prints the quality of reconciliation over folders of data, for each policy:
 *
 *     node --conditions=@interhosp/source packages/core/test/reconcile/measure.ts FOLDER… [--why]
 *
 * A folder whose name begins with `be` is read with the Belgian profile, any other with the generic one. `--why` counts
 * the guards that kept known arrivals from being linked.
 */
import { basename } from 'node:path';
import { POLICIES } from '../../src/reconciliation/index.ts';
import { describeQuality, measure } from './quality.ts';
import { readSample, SAMPLE_DAY_MS } from './sample.ts';

const folders = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const isWhyAsked = process.argv.includes('--why');

for (const folder of folders) {
  const sample = readSample(folder);
  const profile = basename(folder).startsWith('be') ? 'be' : 'generic';
  for (const policy of Object.keys(POLICIES) as (keyof typeof POLICIES)[]) {
    const reasons = new Map<string, number>();
    const quality = measure(sample, {
      profile,
      policy,
      nowMs: SAMPLE_DAY_MS,
      onDecision: ({ truth, id, tags }, decision, question) => {
        const isWrong =
          decision.zone === 'link' && (question === 'withheld' || !truth.includes(decision.patient.patientId.id));
        if (isWhyAsked && isWrong)
          console.log(`  wrong (${question})`, id, decision.patient.patientId.id, tags.join(';'));
        if (isWhyAsked && decision.zone === 'new' && question === 'asked' && truth.length > 0)
          console.log('  false new', id, tags.join(';'));
        if (question !== 'asked' || truth.length === 0 || decision.zone !== 'review') return;
        const why = decision.guards.length === 0 ? 'below-threshold' : decision.guards.join('+');
        reasons.set(why, (reasons.get(why) ?? 0) + 1);
      },
    });
    console.log(`${basename(folder)} ${profile}/${policy}: ${describeQuality(quality)}`);
    if (!isWhyAsked) continue;
    for (const [why, times] of [...reasons].sort((a, b) => b[1] - a[1]).slice(0, 25)) console.log(`  ${times} ${why}`);
  }
}
