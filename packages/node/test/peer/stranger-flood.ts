/** Run as a process of its own, so that what the diallers cost is not counted with the host: ADDRESS COUNT. */
import { rawPeer } from './raw-peer.ts';

const [address = '', count = '0'] = process.argv.slice(2);
for (let made = 0; made < Number(count); made += 1) {
  const raw = await rawPeer();
  // The dialler may think it is connected until it hears otherwise: Noise agrees on the muxer before the host looks.
  const connection = await raw.dial([address]).catch(() => undefined);
  if (connection !== undefined) await connection.newStream('/interhosp/test-echo/1.0.0').catch(() => {});
  await raw.stop();
}
