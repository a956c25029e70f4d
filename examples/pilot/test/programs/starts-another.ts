// Starts waits.ts as the demonstration starts its programs, says under which process ID, and waits to be killed.
import { fileURLToPath } from 'node:url';
import { createProcesses, sourceArgs } from '../../src/processes.ts';

const program = fileURLToPath(new URL('waits.ts', import.meta.url));
const running = createProcesses().start({
  title: 'a program',
  command: process.execPath,
  args: sourceArgs(program),
  logFile: process.argv[2] ?? '',
});
await running.ready();
process.stdout.write(`${running.pid}\n`);
