/** Our inbox behind a listener as a process of its own; see bench/dimse-scp.ts. */
import { setTimeout } from 'node:timers/promises';
import { openDimseServer } from '../src/dimse/server/service.ts';
import { parseAeTitle } from '../src/dimse/association/ae-title.ts';
import { storageService } from '../src/dimse/store/storage-service.ts';
import { openStoreInbox } from '../src/dimse/pushed/store-inbox.ts';
import type { TlsIdentity } from '../src/dimse/association/tls.ts';

/** What the process is told first; then `usage`, whenever it is asked. */
export interface ScpOrder {
  readonly folder: string;
  readonly tls?: TlsIdentity;
}

/** What it answers to both. */
export interface ScpState {
  readonly port: number;
  readonly instances: number;
  readonly cpuSeconds: number;
}

const clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: async (ms: number) => await setTimeout(ms),
};

process.once('message', (order: ScpOrder) => {
  serve(order).catch((error: unknown) => process.send?.({ error: String(error) }));
});
process.once('disconnect', () => process.exit());

async function serve({ folder, tls }: ScpOrder): Promise<void> {
  const inbox = await openStoreInbox({ folder, clock, minFreeBytes: 1_000_000_000 });
  const { port } = await openDimseServer({
    port: 0,
    aeTitles: [parseAeTitle('STORESCP')],
    callers: [{ aeTitle: parseAeTitle('STORESCU'), addresses: ['127.0.0.1'] }],
    services: [storageService({ take: inbox.take })],
    ...(tls !== undefined && { tls }),
  });
  const tell = (): void => {
    const { system, user } = process.cpuUsage();
    process.send?.({ port, instances: inbox.size, cpuSeconds: (system + user) / 1e6 } satisfies ScpState);
  };
  process.on('message', tell);
  tell();
}
