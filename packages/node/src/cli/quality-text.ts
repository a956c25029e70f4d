/** The figures of reconciliation as tables for people. IDs and probabilities only. */
import type { CalibrationRow, EvaluationFigures, Surprise } from '@interhosp/core/reconciliation';
import { table } from './output.ts';

/** The figures, the calibration, and the decisions to look up. */
export function qualityText(figures: EvaluationFigures): string {
  return [summaryOf(figures), calibrationOf(figures.calibration), surprisesOf(figures.surprises)].join('\n\n');
}

function summaryOf(figures: EvaluationFigures): string {
  const { falseMatchesPer100000: seen, falseMatchesPer100000Most: most } = figures;
  return table([
    ['', 'arrivals', ''],
    ['judged', String(figures.arrivals), ''],
    ['known: the patient is registered', String(figures.known), `${percent(figures.known, figures.arrivals)} of all`],
    [
      'auto-link: to the right patient',
      String(figures.linkedRight),
      `${percent(figures.linkedRight, figures.known)} of known`,
    ],
    [
      'false match: linked to somebody else',
      String(figures.falseMatches),
      `${seen.toFixed(1)} per 100,000; at most ${most.toFixed(1)} with 95 % confidence`,
    ],
    ['review: a person decides', String(figures.reviewed), `${percent(figures.reviewed, figures.arrivals)} of all`],
    [
      'false new: known, but declared new',
      String(figures.falseNew),
      `${percent(figures.falseNew, figures.known)} of known`,
    ],
  ]);
}

function calibrationOf(rows: readonly CalibrationRow[]): string {
  const heading = ['probability of the best candidate', 'decisions', 'mean probability', 'share that is the patient'];
  const cells = rows.map(({ confirmedShare, count, from, meanProbability, to }) => [
    `${from} to ${to}`,
    String(count),
    decimal(meanProbability),
    confirmedShare.toFixed(6),
  ]);
  return table([heading, ...cells]);
}

function surprisesOf(surprises: readonly Surprise[]): string {
  const heading = ['most surprising', 'decision', 'candidate', 'probability', 'truth', 'probability of the truth'];
  const cells = surprises.map(({ arrivalId, candidateId, outcomeProbability, probability, truth, zone }) => [
    arrivalId,
    zone,
    candidateId ?? '-',
    decimal(probability),
    truth.join(' or ') || 'not registered',
    outcomeProbability < 0.01 ? outcomeProbability.toPrecision(2) : decimal(outcomeProbability),
  ]);
  return table([heading, ...cells]);
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / Math.max(1, whole)).toFixed(2)} %`;
}

/** Cut: nothing is certain, least of all because it was rounded. */
function decimal(probability: number): string {
  return (Math.floor(Math.min(probability, 0.999_999) * 1e6) / 1e6).toFixed(6);
}
