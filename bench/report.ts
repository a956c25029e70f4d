/** What a benchmark prints (DESIGN.md §12): one line of JSON for each case and metric, of medians. */

/** What is compared. */
export interface Comparison {
  readonly bench: string;
  readonly case: string;
  readonly metric: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  /** One value for each run; what is no number is left out. */
  readonly ours: readonly number[];
  readonly peer?: { readonly name: string; readonly values: readonly number[] };
}

/** Prints a comparison; the spread is that of ours. */
export function report({ bench, case: name, metric, unit, better, ours, peer }: Comparison): void {
  const values = sorted(ours);
  const mine = median(values);
  const theirs = peer === undefined ? undefined : median(sorted(peer.values));
  const record = {
    bench,
    case: name,
    metric,
    unit,
    ours: round(mine),
    peer: round(theirs),
    peerName: theirs === undefined ? null : peer?.name,
    ratio: theirs === undefined || mine === undefined ? null : round(mine / theirs),
    better,
    spread: [round(values[0]), round(values.at(-1))],
    runs: values.length,
  };
  console.log(JSON.stringify(record));
}

function sorted(values: readonly number[]): readonly number[] {
  return values.filter((value) => Number.isFinite(value)).toSorted((one, other) => one - other);
}

function median(values: readonly number[]): number | undefined {
  const middle = values.length >> 1;
  const [lower, upper] = [values[middle - 1], values[middle]];
  if (values.length % 2 === 1 || lower === undefined || upper === undefined) return upper;
  return (lower + upper) / 2;
}

function round(value: number | undefined): number | null {
  return value === undefined ? null : Number(value.toPrecision(3));
}
