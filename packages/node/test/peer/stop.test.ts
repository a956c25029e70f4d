import { fork } from 'node:child_process';
import { once } from 'node:events';

import { expect, it } from 'vitest';

it('stopping hosts with streams in every state leaves nothing that would keep the process', async () => {
  const script = new URL('./stops-alone.ts', import.meta.url).pathname;
  const child = fork(script, { execArgv: ['--conditions=@interhosp/source'] });
  const exit = once(child, 'exit') as Promise<[number | null, string | null]>;
  const [message] = (await once(child, 'message')) as [string];
  expect(message).toBe('stopped');
  // What libp2p itself still runs out is far below this; a forgotten timer or socket is far above.
  const limit = setTimeout(() => child.kill(), 5_000);
  const [code, signal] = await exit;
  clearTimeout(limit);
  expect([code, signal]).toEqual([0, null]);
});
