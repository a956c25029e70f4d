/**
 * A PACS in a process of its own, for the demonstration: the adapters' DICOMweb server over objects in memory.
 *
 *     node pacs-program.ts
 *
 * Says `{"event":"ready","url":…}` once it listens, and ends on SIGTERM.
 */
import { dicomwebServer } from '@interhosp/adapters/dicomweb';
import { memoryPacs } from '@interhosp/adapters/memory';

const pacs = memoryPacs();
const server = dicomwebServer({ pacs, port: 0 });
await pacs.start();
await server.start();
process.once('SIGTERM', () => void server.stop().then(() => pacs.stop()));
process.stdout.write(`${JSON.stringify({ event: 'ready', url: server.url })}\n`);
