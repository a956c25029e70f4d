// HTTP servers that answer what a test tells them to, and count who came.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';

/** A request as it arrived, its body read whole. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly parameters: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** Answers a request. */
export type Script = (request: SeenRequest, response: ServerResponse, raw: IncomingMessage) => void | Promise<void>;

/** A running server. */
export interface ScriptedServer {
  readonly url: string;
  readonly port: number;
  readonly requests: readonly SeenRequest[];
  readonly connections: () => number;
  readonly close: () => Promise<void>;
}

/** Starts a server on loopback. With `readsBody` false the script gets the request with its body unread. */
export async function scriptedServer(
  script: Script,
  { readsBody = true }: { readonly readsBody?: boolean } = {},
): Promise<ScriptedServer> {
  const requests: SeenRequest[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    request.on('error', () => {});
    response.on('error', () => {});
    void (async () => {
      const url = new URL(request.url ?? '', 'http://server');
      const { method = '', headers } = request;
      const body = readsBody ? await bodyOf(request) : Buffer.alloc(0);
      const seen = { method, path: url.pathname, parameters: url.searchParams, headers, body };
      requests.push(seen);
      await script(seen, response, request);
    })().catch(() => response.destroy());
  });
  server.on('connection', () => connections++);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    connections: () => connections,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** A port where nobody has business, on one loopback address or on every address there is; counts who knocks. */
export async function canary({ isEverywhere = false }: { readonly isEverywhere?: boolean } = {}): Promise<{
  readonly port: number;
  readonly knocks: () => number;
  readonly close: () => Promise<void>;
}> {
  let knocks = 0;
  const server = createTcpServer((socket) => {
    knocks++;
    socket.destroy();
  });
  if (isEverywhere) server.listen(0);
  else server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    knocks: () => knocks,
    close: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}

/** Answers with JSON. */
export function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/dicom+json' }).end(JSON.stringify(value));
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
