/**
 * A decision in sentences, for the worklist and for whoever asks years later: what was decided, the guards first, then
 * each piece of evidence with its weight, from the prior to the posterior. Contains patient data.
 */
import type { Evidence } from './comparison.ts';
import type { Zone } from './decision.ts';
import type { GuardReason } from './guard-reasons.ts';
import { ENGLISH_SENTENCES, type SentenceCatalogue, type SentenceKey } from './sentences.ts';

/** What an explanation needs; a Decision and a DecisionRecord both have it. */
export interface Explainable {
  readonly zone: Zone;
  readonly probability: number;
  readonly relativeProbability?: number;
  readonly priorWeight: number;
  readonly evidence: readonly Evidence[];
  readonly guards: readonly GuardReason[];
  readonly runnersUp: readonly { readonly probability: number }[];
  readonly sameNumberAs: readonly unknown[];
}

/**
 * Says a decision in sentences.
 *
 * @param sentences - The language; English unless given.
 */
export function explain(decision: Explainable, sentences: SentenceCatalogue = ENGLISH_SENTENCES): readonly string[] {
  const { zone, guards, evidence, relativeProbability = 0, runnersUp, sameNumberAs } = decision;
  const lines = [sentences[`zone.${zone}`], ...guards.map((reason) => sentences[`guard.${reason}`])];
  if (zone === 'review' && guards.length === 0) lines.push(sentences['below-threshold']);
  if (sameNumberAs.length > 0) lines.push(filled(sentences['same-number'], { count: String(sameNumberAs.length) }));
  if (evidence.length > 0) {
    lines.push(filled(sentences.prior, { bits: signed(decision.priorWeight) }));
    lines.push(...evidence.flatMap((item) => evidenceLine(item, sentences)));
    lines.push(filled(sentences.posterior, { percent: percentOf(decision.probability) }));
  }
  if (relativeProbability >= LEAST_SHOWN) {
    lines.push(filled(sentences.relative, { percent: percentOf(relativeProbability) }));
  }
  const [next] = runnersUp;
  if (next !== undefined) lines.push(filled(sentences['runner-up'], { percent: percentOf(next.probability) }));
  return lines;
}

/** What rounds to nothing is not said. */
const LEAST_SHOWN = 1e-6;

function evidenceLine(item: Evidence, sentences: SentenceCatalogue): readonly string[] {
  const sentence = sentences[`${item.field}.${item.level}` as SentenceKey] as string | undefined;
  // What could not be compared has no sentence.
  if (sentence === undefined) return [];
  const said = filled(sentence, { arrival: item.arrivalValue, local: item.localValue });
  return [filled(sentences.bits, { sentence: said, bits: signed(item.weight) })];
}

/** Values are put in once and not looked at again: a name that contains `{bits}` stays a name. */
function filled(sentence: string, values: Readonly<Record<string, string>>): string {
  return sentence.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

function signed(bits: number): string {
  return `${bits < 0 ? '−' : '+'}${Math.abs(bits).toFixed(1)}`;
}

/** Never rounded up to certainty. */
function percentOf(probability: number): string {
  const percent = Math.floor(probability * 1e6) / 1e4;
  return percent >= 99.9999 ? '> 99.9999' : String(percent);
}
