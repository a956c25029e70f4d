/**
 * nginx as Debian packages it, as the TLS front of a server that speaks plain HTTP: what hospitals put before a PACS, and what
 * Debian's Orthanc needs, since it crashes on its first HTTPS request (1.10.1 with `SslEnabled`).
 */
// oxlint-disable-next-line no-restricted-imports -- this package starts the servers that tests run against
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Certificate } from './certificates.ts';
import { findProgram } from './debian.ts';
import { freePorts } from './free-ports.ts';

const START_ATTEMPTS = 3;
const READY_WITHIN_MS = 15_000;
const STOP_WITHIN_MS = 5_000;
const POLL_MS = 20;

/** How a front is started. */
export interface TlsFrontOptions {
  /** `http://host:port` of the server behind it. */
  readonly upstream: string;
  /** What it shows to clients. */
  readonly certificate: Certificate;
  /** Authorities whose client certificates it takes, in PEM; without, it asks for none. */
  readonly clientAuthority?: string;
}

/** A running front. */
export interface TlsFront {
  /** `https://127.0.0.1:port`. */
  readonly url: string;
  /** Ends the process and removes its folder. Calling it twice is fine. */
  stop(): Promise<void>;
}

/** Starts a front and waits until it takes connections. @throws {Error} when it is not installed or does not come up. */
export async function startTlsFront(options: TlsFrontOptions): Promise<TlsFront> {
  const program = findProgram('nginx', ['nginx']);
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(program, options);
    } catch (error) {
      if (attempt === START_ATTEMPTS) throw error;
    }
  }
}

async function startOnce(program: string, options: TlsFrontOptions): Promise<TlsFront> {
  const [port = 0] = await freePorts(1);
  const folder = await mkdtemp(join(tmpdir(), 'interhosp-nginx-'));
  await writeFile(join(folder, 'server.pem'), options.certificate.cert);
  await writeFile(join(folder, 'server.key'), options.certificate.key, { mode: 0o600 });
  if (options.clientAuthority !== undefined) await writeFile(join(folder, 'clients.pem'), options.clientAuthority);
  const file = join(folder, 'nginx.conf');
  await writeFile(file, configurationOf(options, folder, port));
  const log = join(folder, 'error.log');
  const child = spawn(program, ['-p', folder, '-c', file, '-e', log], { stdio: 'ignore' });
  // Never outlives the test process, however that ends.
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async (): Promise<void> => {
    await end(child);
    process.off('exit', kill);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await listening(child, port);
  } catch (error) {
    const lines = (await readFile(log, 'utf8').catch(() => '')).split('\n').slice(-5).join('\n');
    await stop();
    throw new Error(`nginx did not start:\n${lines}`, { cause: error });
  }
  return { url: `https://127.0.0.1:${port}`, stop };
}

/** One process, so that one signal ends it; everything it writes is below its folder. */
function configurationOf({ upstream, clientAuthority }: TlsFrontOptions, folder: string, port: number): string {
  const clients =
    clientAuthority === undefined
      ? ''
      : 'ssl_client_certificate clients.pem; ssl_verify_client on; ssl_verify_depth 2;';
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(folder, name)};`,
  );
  return `daemon off; master_process off; pid ${join(folder, 'nginx.pid')};
events { worker_connections 256; }
http {
  access_log off; ${temporary.join(' ')}
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate server.pem; ssl_certificate_key server.key; ssl_protocols TLSv1.2 TLSv1.3;
    ${clients}
    client_max_body_size 0;
    location / {
      proxy_pass ${upstream};
      proxy_http_version 1.1; proxy_request_buffering off; proxy_buffering off; proxy_set_header Connection "";
    }
  }
}
`;
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < READY_WITHIN_MS; waitedMs += POLL_MS) {
    if (child.exitCode !== null || child.pid === undefined) throw new Error('the process ended');
    const isUp = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true));
      socket.once('error', () => resolve(false)).once('connect', () => socket.destroy());
    });
    if (isUp) return;
    await new Promise<void>((resolve) => void setTimeout(resolve, POLL_MS));
  }
  throw new Error('it does not listen');
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
  await ended;
  clearTimeout(timer);
}
