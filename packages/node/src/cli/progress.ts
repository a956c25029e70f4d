/** Progress bars on standard error, for anything over a second; silent where nobody watches. */
import { MultiBar, Presets } from 'cli-progress';

/** A bar for one thing that takes a while. */
export interface Progress {
  /** Sets how far it is; `total` may grow. */
  update(done: number, total: number): void;
  done(): void;
}

/** Several bars under one another. */
export interface ProgressBoard {
  add(label: string): Progress;
  stop(): void;
}

const silent: ProgressBoard = { add: () => ({ done: () => {}, update: () => {} }), stop: () => {} };

/**
 * A board of progress bars in megabytes.
 *
 * @param options.enabled - Default: only when standard error is a terminal.
 */
export function createProgressBoard(options: { readonly enabled?: boolean } = {}): ProgressBoard {
  if (!(options.enabled ?? process.stderr.isTTY)) return silent;
  const bars = new MultiBar(
    {
      clearOnComplete: false,
      format: '  {label} {bar} {percentage}% {done}/{all} MB',
      hideCursor: true,
      stream: process.stderr,
    },
    Presets.shades_classic,
  );
  return {
    add: (label) => {
      const bar = bars.create(1, 0, { all: '0.0', done: '0.0', label: label.padEnd(28) });
      return {
        done: () => bar.stop(),
        update: (done, total) => {
          bar.setTotal(Math.max(total, 1));
          bar.update(done, { all: megabytes(total), done: megabytes(done) });
        },
      };
    },
    stop: () => bars.stop(),
  };
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
