/** Ports on the loopback interface that nobody listens on. */
import { createServer, type AddressInfo, type Server } from 'node:net';

/**
 * Finds ports that are free at this moment. Somebody else may take one before it is used: start the server anew with other
 * ports when it cannot listen.
 */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(Array.from({ length: count }, listen));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

async function listen(): Promise<Server> {
  return await new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
}
