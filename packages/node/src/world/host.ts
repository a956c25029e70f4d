/** Which process, since which start of which machine: what a lock file needs to know whether its owner still lives. */
import { readFileSync, readlinkSync } from 'node:fs';

/** This process and what it can tell of others. */
export interface Host {
  readonly pid: number;
  /** Differs after each start of the machine; empty where unknown. */
  readonly boot: string;
  /** Where process ids mean the same; differs between containers. Empty where unknown. */
  readonly namespace: string;
  /** When a process started, in a form to compare; undefined when there is none, empty where unknown. */
  startOf(pid: number): string | undefined;
}

/** This process, by /proc where there is one. */
export function nodeHost(): Host {
  return {
    pid: process.pid,
    boot: attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'ascii').trim()) ?? '',
    namespace: attempt(() => readlinkSync('/proc/self/ns/pid')) ?? '',
    startOf,
  };
}

function startOf(pid: number): string | undefined {
  if (!isAlive(pid)) return undefined;
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  if (stat === undefined) return '';
  // proc(5): the second field is a name in parentheses that may hold anything; the state is the third, the start the 22nd.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const isDead = fields[0] === 'Z' || fields[0] === 'X';
  return isDead ? undefined : fields[19];
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process may not be signalled, but it is there.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
