/** Port: where log lines go. Lines are an event name and typed fields; there is no message text. */
import type { SafeFields } from './safe-fields.ts';

/** Levels in rising order of weight. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** A logger; components are handed one and name themselves once. */
export interface Log {
  /** A logger whose lines carry this component's name, e.g. `interhosp:transfer`. */
  forComponent(name: string): Log;
  /**
   * Writes one line. Fields go through `keepSafe` first: the type alone keeps no name out of a field for a UID.
   *
   * @param event - Dotted lower-case words, `transfer.offer.sent`; a literal in the code, never data.
   */
  write(level: LogLevel, event: string, fields?: SafeFields): void;
}

/** A logger that keeps nothing. */
export const silentLog: Log = {
  forComponent: () => silentLog,
  write: () => {},
};
