/**
 * Log lines by pino: one JSON object a line on standard error. Fields are the allow-list of core's `SafeFields`,
 * checked again at run time; there is no message text that could carry a name.
 */
import { keepSafe, type Log, type LogLevel, type SafeFields } from '@interhosp/core/world';
import { destination, pino, type Logger } from 'pino';

const EVENT_FORM = /^[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)*$/;

/**
 * A logger that writes to a file descriptor.
 *
 * @param options.level - Lines below are dropped; default `info`.
 * @param options.descriptor - Default 2, standard error.
 */
export function createLog(options: { readonly level?: LogLevel; readonly descriptor?: number } = {}): Log {
  const { descriptor = 2, level = 'info' } = options;
  const logger = pino(
    { base: null, level, timestamp: () => `,"time":"${new Date().toISOString()}"` },
    destination({ dest: descriptor, sync: true }),
  );
  return wrap(logger);
}

/** @param root - Bindings of pino add up; a component of a component would be named twice in one line. */
function wrap(logger: Logger, root = logger): Log {
  return {
    forComponent: (name) => wrap(root.child({ component: name }), root),
    write: (level, event, fields) => {
      logger[level]({ event: EVENT_FORM.test(event) ? event : 'event.name-refused', ...keepSafe(fields ?? {}) });
    },
  };
}

/** The safe fields of an error, for a log line. Errors that are not ours give their class name only. */
export function errorFields(error: unknown): SafeFields {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') {
    const details = 'details' in error ? (error.details as SafeFields) : {};
    return { ...details, code: error.code };
  }
  return { code: error instanceof Error ? error.name : 'unknown' };
}
