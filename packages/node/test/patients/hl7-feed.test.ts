// The HL7 feed over the registry that a member keeps: what was acknowledged is there after a restart.
import { once } from 'node:events';
import { connect } from 'node:net';
import { patientsHl7 } from '@interhosp/adapters/patients-hl7';
import { expect, it } from 'vitest';
import { nodeClock } from '../../src/world/index.ts';
import { freshFolder, registryIn } from './registries.ts';

/** Sends messages on one connection, and gives MSA-1 of each answer. */
async function send(port: number, messages: readonly string[]): Promise<readonly string[]> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('latin1').on('data', (piece: string) => (text += piece));
  socket.end(messages.map((message) => `\x0b${message}\x1c\r`).join(''), 'latin1');
  await once(socket, 'close');
  return [...text.matchAll(/MSA\|(\w\w)/g)].map(([, code = '']) => code);
}

const message = (event: string, id: string, segments: string): string =>
  `MSH|^~\\&|HIS|CHU|||||ADT^${event}|${id}|P|2.5\rPID|||${segments}\r`;

it('has after a restart whom it acknowledged, merged as it was told', async () => {
  const { dispose, folder } = await freshFolder();
  const feedOf = () => patientsHl7({ registry: registryIn(folder), issuer: 'CHU', clock: nodeClock(), port: 0 });
  const first = feedOf();
  await first.start();
  const codes = await send(first.port, [
    message('A28', '1', '1^^^CHU^PI||Claes^Anna||19700105|F'),
    message('A28', '2', '2^^^CHU^PI||Claes^A'),
    message('A40', '3', '1^^^CHU^PI\rMRG|2^^^CHU^PI'),
    message('A08', '4', '2^^^CHU^PI||Late'),
    message('A28', '5', '3^^^CHU^PI||Willems^Lucas'),
    message('A47', '6', '9^^^CHU^PI\rMRG|3^^^CHU^PI'),
    message('A47', '7', '3^^^CHU^PI\rMRG|9^^^CHU^PI'),
    message('A40', '8', '2^^^CHU^PI\rMRG|1^^^CHU^PI'),
  ]);
  expect(codes).toEqual(['AA', 'AA', 'AA', 'AA', 'AA', 'AA', 'AA', 'AR']);
  await first.stop();

  const registry = registryIn(folder);
  const second = patientsHl7({ registry, issuer: 'CHU', clock: nodeClock(), port: 0 });
  await second.start();
  expect(await second.size()).toBe(2);
  expect(await second.get('1')).toMatchObject({ birthDate: '1970-01-05', name: { alphabetic: { given: 'Anna' } } });
  expect(await second.get('3')).toMatchObject({ name: { alphabetic: { family: 'Willems' } } });
  expect([await registry.currentId('2'), await registry.currentId('9')]).toEqual(['1', '3']);
  // The same again, as a sender repeats what it is not sure of.
  expect(await send(second.port, [message('A40', '3', '1^^^CHU^PI\rMRG|2^^^CHU^PI')])).toEqual(['AA']);
  expect(await second.size()).toBe(2);
  await second.stop();
  await dispose();
});
