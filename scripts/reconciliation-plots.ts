/**
 * Draws the two figures of docs/reconciliation.md from generated populations: what a probability is worth, and what a
 * threshold costs and saves, with and without guards.
 *
 *   node --conditions=@interhosp/source scripts/reconciliation-plots.ts [FOLDER]
 *
 * Each known arrival is asked twice: as it is, and with its own records taken out of the candidates, as a stranger who is
 * like somebody here. The second question counts as often as strangers arrive.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createPatientIndex } from '../packages/core/src/patients/index.ts';
import { MODELS, POLICIES, PROFILES, reconcile, type Decision } from '../packages/core/src/reconciliation/index.ts';
import { generatePopulation } from '../packages/testing/src/population/index.ts';

interface Answer {
  readonly isRight: boolean;
  readonly isGuarded: boolean;
  readonly probability: number;
  /** Of a stranger, less than 1: they are asked about more often than they come. */
  readonly weight: number;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

interface Line {
  readonly name: string;
  readonly color: string;
  readonly points: readonly Point[];
}

interface Plot {
  readonly title: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly xTicks: readonly (readonly [at: number, label: string])[];
  readonly yTicks: readonly (readonly [at: number, label: string])[];
  readonly lines: readonly Line[];
}

const SEEDS = ['plot-1', 'plot-2', 'plot-3'];
const REGISTRY = 30_000;
const ARRIVALS = 40_000;
const UNKNOWN_SHARE = 0.15;
const NOW_MS = Date.UTC(2025, 11, 31);
const COLORS = { guarded: '#1b6e53', bare: '#b3372f', even: '#8a8a8a' } as const;
const THRESHOLDS = [0.1, 0.03, 0.01, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 1e-6];
const CALIBRATION_DOUBTS = [0.8, 0.5, 0.2, 0.05, 0.02, 5e-3, 1e-3, 1e-4, 0];

const folder = process.argv[2] ?? new URL('../docs', import.meta.url).pathname;
const answers = SEEDS.flatMap(answersOf);
writeFileSync(join(folder, 'reconciliation-thresholds.svg'), svgOf(thresholds(answers)));
writeFileSync(join(folder, 'reconciliation-calibration.svg'), svgOf(calibration(answers)));

function answersOf(seed: string): readonly Answer[] {
  const { arrivals, registry } = generatePopulation({ seed, registry: REGISTRY, arrivals: ARRIVALS, unknownShare: 0 });
  const index = createPatientIndex(registry);
  const options = {
    model: MODELS.be,
    profile: PROFILES.be,
    policy: POLICIES.standard,
    registrySize: index.size,
    names: index.names,
    nowMs: NOW_MS,
  };
  const strangerWeight = UNKNOWN_SHARE / (1 - UNKNOWN_SHARE);
  return arrivals.flatMap(({ patient, truth }) => {
    const candidates = index.candidates(patient);
    const others = candidates.filter(({ patientId }) => !truth.includes(patientId.id));
    return [
      ...answerOf(reconcile(patient, candidates, options), truth, 1),
      ...answerOf(reconcile(patient, others, options), truth, strangerWeight),
    ];
  });
}

function answerOf(decision: Decision, truth: readonly string[], weight: number): readonly Answer[] {
  const said = decision.zone === 'link' ? decision.patient : decision.zone === 'review' ? decision.nearest : undefined;
  if (said === undefined) return [];
  const { guards, probability } = decision;
  return [{ isRight: truth.includes(said.patientId.id), isGuarded: guards.length > 0, probability, weight }];
}

function thresholds(all: readonly Answer[]): Plot {
  const arrivals = (SEEDS.length * ARRIVALS) / (1 - UNKNOWN_SHARE);
  const wrongAt = (some: readonly Answer[]) =>
    THRESHOLDS.map((doubt) => {
      const wrong = some.filter(({ isRight, probability }) => !isRight && 1 - probability <= doubt);
      return { x: -Math.log10(doubt), y: Math.log10(Math.max(0.1, (sumOf(wrong) / arrivals) * 100_000)) };
    });
  return {
    title: 'Wrong links per 100,000 arrivals, by threshold',
    xTitle: 'probability that a link needs',
    yTitle: 'wrong links per 100,000',
    xTicks: [1, 2, 3, 4, 5, 6].map((nines) => [
      nines,
      `${(100 - 10 ** (2 - nines)).toFixed(Math.max(0, nines - 2))} %`,
    ]),
    yTicks: [-1, 0, 1, 2, 3].map((power) => [power, power === -1 ? '≤ 0.1' : String(10 ** power)]),
    lines: [
      { name: 'score alone', color: COLORS.bare, points: wrongAt(all) },
      { name: 'score and guards', color: COLORS.guarded, points: wrongAt(all.filter(({ isGuarded }) => !isGuarded)) },
    ],
  };
}

function calibration(all: readonly Answer[]): Plot {
  const points = CALIBRATION_DOUBTS.slice(1).flatMap((least, at) => {
    const most = CALIBRATION_DOUBTS[at] ?? 1;
    const within = all.filter(
      ({ isGuarded, probability }) => !isGuarded && 1 - probability > least && 1 - probability <= most,
    );
    if (within.length < 20) return [];
    const right = sumOf(within.filter(({ isRight }) => isRight)) / sumOf(within);
    const said = within.reduce((sum, { probability, weight }) => sum + probability * weight, 0) / sumOf(within);
    return [{ x: nines(said), y: nines(right) }];
  });
  const ticks = [0, 1, 2, 3, 4].map((count) => [count, `${100 - 10 ** (2 - count)} %`] as const);
  return {
    title: 'What a probability is worth, where no guard fires',
    xTitle: 'probability said',
    yTitle: 'share that was right',
    xTicks: ticks,
    yTicks: ticks,
    lines: [
      {
        name: 'as said',
        color: COLORS.even,
        points: [
          { x: 0, y: 0 },
          { x: 4, y: 4 },
        ],
      },
      { name: 'found', color: COLORS.guarded, points },
    ],
  };
}

/** 90 % is 1, 99 % is 2, and so on; at most 4. */
function nines(share: number): number {
  return Math.min(4, -Math.log10(Math.max(1e-4, 1 - share)));
}

function sumOf(some: readonly Answer[]): number {
  return some.reduce((sum, { weight }) => sum + weight, 0);
}

function svgOf({ lines, title, xTicks, xTitle, yTicks, yTitle }: Plot): string {
  const [width, height, left, top, right, bottom] = [640, 400, 90, 46, 44, 58];
  const ends = (ticks: Plot['xTicks']) => [ticks[0]?.[0] ?? 0, ticks.at(-1)?.[0] ?? 1] as const;
  const [[xLeast, xMost], [yLeast, yMost]] = [ends(xTicks), ends(yTicks)];
  const atX = (x: number) => (left + ((x - xLeast) / (xMost - xLeast)) * (width - left - right)).toFixed(1);
  const atY = (y: number) => (height - bottom - ((y - yLeast) / (yMost - yLeast)) * (height - top - bottom)).toFixed(1);
  const text = (x: number | string, y: number | string, anchor: string, words: string, more = '') =>
    `<text x="${x}" y="${y}" text-anchor="${anchor}"${more}>${words}</text>`;
  const parts = [
    ...xTicks.map(
      ([at, label]) =>
        `<path d="M${atX(at)} ${top}V${height - bottom}" stroke="#ddd"/>${text(atX(at), height - bottom + 18, 'middle', label)}`,
    ),
    ...yTicks.map(
      ([at, label]) =>
        `<path d="M${left} ${atY(at)}H${width - right}" stroke="#ddd"/>${text(left - 8, Number(atY(at)) + 4, 'end', label)}`,
    ),
    ...lines.map(({ color, points }) => {
      const path = points.map(({ x, y }, at) => `${at === 0 ? 'M' : 'L'}${atX(x)} ${atY(y)}`).join('');
      const dots = points.map(({ x, y }) => `<circle cx="${atX(x)}" cy="${atY(y)}" r="3" fill="${color}"/>`).join('');
      return `<path d="${path}" fill="none" stroke="${color}" stroke-width="2"/>${dots}`;
    }),
    ...lines.map(({ color, name }, at) =>
      text(left + 12 + at * 150, top - 8, 'start', `● ${name}`, ` fill="${color}"`),
    ),
    text(width / 2, 20, 'middle', title, ' font-weight="bold"'),
    text((left + width - right) / 2, height - 14, 'middle', xTitle),
    text(0, 0, 'middle', yTitle, ` transform="translate(18 ${(top + height - bottom) / 2}) rotate(-90)"`),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" role="img" aria-label="${title}">
<rect width="${width}" height="${height}" fill="#fff"/>
${parts.join('\n')}
</svg>
`;
}
