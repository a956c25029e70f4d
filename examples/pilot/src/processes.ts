/**
 * The programs that the demonstration starts: each is stopped again by its own process ID, whatever happens. Our own
 * programs are told to stop when the demonstration is killed too (stop-with-parent.ts).
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';

/** A member drains for up to ten seconds; what takes longer is killed. */
const STOP_MS = 15_000;
/** Longest wait for a program to say that it is ready, and for a command to end. */
const READY_MS = 60_000;
const COMMAND_MS = 60_000;
/** Most that a command may print. */
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

const STOP_WITH_PARENT = new URL('stop-with-parent.ts', import.meta.url).href;

/** A program to start. */
export interface Program {
  /** For people: `member of the CHU`. */
  readonly title: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Everything it writes goes here too. */
  readonly logFile: string;
}

/** A program that runs. */
export interface Running {
  readonly title: string;
  readonly pid: number;
  /** The line of JSON with which it says `"event":"ready"` on standard output. */
  ready(): Promise<Readonly<Record<string, unknown>>>;
  /** Rejects once it ended before it was stopped; never resolves. */
  readonly died: Promise<never>;
}

/** What a command gave back. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts programs and stops them all. */
export interface Processes {
  start(program: Program): Running;
  /** Runs a command to its end. @throws {Error} when it does not exit with 0. */
  run(title: string, command: string, args: readonly string[]): Promise<CommandResult>;
  /** Stops whatever still runs. Calling it twice is fine. */
  stopAll(): Promise<void>;
}

/** The arguments that run one of our sources under Node, told to end when this process does. */
export function sourceArgs(file: string, ...args: readonly string[]): readonly string[] {
  return ['--conditions=@interhosp/source', `--import=${STOP_WITH_PARENT}`, file, ...args];
}

/** Makes an empty set of programs. */
export function createProcesses(): Processes {
  const running: { readonly child: ChildProcess; readonly exited: Promise<void>; stopping: boolean }[] = [];
  let stopped: Promise<void> | undefined;

  const begin = (command: string, args: readonly string[]) => {
    if (stopped !== undefined) throw new Error('the demonstration is ending');
    // The channel is how a child notices that this process is gone.
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    const exited = new Promise<void>((resolve) => child.once('close', () => resolve()).once('error', () => resolve()));
    const entry = { child, exited, stopping: false };
    running.push(entry);
    return entry;
  };

  return {
    start: (program) => {
      const entry = begin(program.command, program.args);
      const log = createWriteStream(program.logFile, { flags: 'a' });
      entry.child.stdout?.pipe(log, { end: false });
      entry.child.stderr?.pipe(log, { end: false });
      void entry.exited.then(() => log.end());
      const died = deathOf(entry, program);
      return {
        title: program.title,
        pid: entry.child.pid ?? 0,
        died,
        ready: () => readyLine(entry.child, died, program),
      };
    },
    run: async (title, command, args) => {
      const { child, exited } = begin(command, args);
      const output = collect(child);
      await bounded(exited, COMMAND_MS, `${title} did not end`);
      const result = { code: child.exitCode ?? 1, ...output() };
      if (result.code !== 0) throw new Error(`${title} ended with ${result.code}\n${result.stderr || result.stdout}`);
      return result;
    },
    stopAll: () => {
      stopped ??= (async () => {
        for (const entry of running) entry.stopping = true;
        await Promise.all(running.map(({ child, exited }) => stop(child, exited)));
      })();
      return stopped;
    },
  };
}

async function stop(child: ChildProcess, exited: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await exited;
  clearTimeout(timer);
}

function deathOf(
  entry: { readonly child: ChildProcess; readonly stopping: boolean },
  program: Program,
): Promise<never> {
  const died = new Promise<never>((_, reject) => {
    entry.child.once('error', (error) => reject(new Error(`${program.title} does not start`, { cause: error })));
    entry.child.once('close', (code, signal) => {
      if (entry.stopping) return;
      void lastLines(program.logFile).then((text) => {
        reject(new Error(`${program.title} ended by itself (${signal ?? code})\n${text}`));
      });
    });
  });
  // Whoever waits for the program hears of it; nobody has to.
  died.catch(() => {});
  return died;
}

function readyLine(child: ChildProcess, died: Promise<never>, program: Program): Promise<Record<string, unknown>> {
  const first = new Promise<Record<string, unknown>>((resolve) => {
    if (child.stdout === null) return;
    createInterface({ input: child.stdout }).on('line', (line) => {
      // What else it prints is in its log, an error before it ends among it.
      if (!line.startsWith('{"')) return;
      const said = JSON.parse(line) as Record<string, unknown>;
      if (said['event'] === 'ready') resolve(said);
    });
  });
  return bounded(Promise.race([first, died]), READY_MS, `${program.title} did not say that it is ready`);
}

function collect(child: ChildProcess): () => { readonly stdout: string; readonly stderr: string } {
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      if (texts[name].length < MAX_OUTPUT_BYTES) texts[name] += text;
    });
  }
  return () => texts;
}

/** The end of a log, for an error. */
export async function lastLines(file: string, count = 12): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-count).join('\n');
}

async function bounded<T>(work: Promise<T>, limitMs: number, message: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${message} within ${limitMs / 1000} s`)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
