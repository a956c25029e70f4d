/**
 * The admin interface: the member's operations over HTTP, on loopback only, for the command line. Whoever can read the
 * token file in the data folder (mode 0600) may call it; sessions and roles come with the console.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { errorCodeOf, InterhospError, isInterhospError } from '@interhosp/core/errors';
import type { Log } from '@interhosp/core/world';
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { PRIORITIES, PURPOSES } from '@interhosp/core/study';
import { errorFields } from '../observe/logger.ts';
import type { MemberApi } from '../member/member-api.ts';
import { removeEndpoint, writeEndpoint } from './endpoint.ts';

/** Nothing the command line sends is larger. */
const MAX_BODY_BYTES = 65_536;

const person = z.string().min(1).max(128);
const sendSchema = z.strictObject({
  studyInstanceUid: z.string().max(64),
  to: z.string().max(64),
  priority: z.enum(PRIORITIES).optional(),
  purpose: z.enum(PURPOSES).optional(),
  by: person,
});
const decisionSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('link'), patientId: z.string().min(1).max(64), by: person }),
  z.strictObject({ kind: z.literal('new'), by: person }),
  z.strictObject({ kind: z.literal('reject'), by: person, reason: z.string().min(1).max(512) }),
]);
const reasonSchema = z.strictObject({ by: person, reason: z.string().min(1).max(512).default('unspecified') });

/** A listening admin interface. */
export interface AdminServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** Starts listening and writes the endpoint file that {@link adminClient} reads. */
export async function startAdmin(options: {
  readonly api: MemberApi;
  readonly dataFolder: string;
  readonly host: string;
  readonly port: number;
  readonly log: Log;
}): Promise<AdminServer> {
  const { api, dataFolder, host, log, port } = options;
  const token = randomBytes(32).toString('hex');
  const stopping = new AbortController();
  const server = fastify({ bodyLimit: MAX_BODY_BYTES, requestTimeout: 30_000, forceCloseConnections: true });
  server.addHook('onRequest', (request, reply) => authenticate(request, reply, token));
  server.setErrorHandler((error, _request, reply) => answerError(error, reply, log));
  routes(server, api, stopping.signal);
  const url = await server.listen({ host, port });
  await writeEndpoint(dataFolder, { url, token });
  return {
    url,
    stop: async () => {
      stopping.abort();
      await removeEndpoint(dataFolder);
      await server.close();
    },
  };
}

function routes(server: FastifyInstance, api: MemberApi, stopping: AbortSignal): void {
  type WithId = { Params: { id: string } };
  server.get('/v1/status', () => api.status());
  server.post('/v1/send', (request) => api.send(sendSchema.parse(request.body) as Parameters<MemberApi['send']>[0]));
  server.get('/v1/jobs', () => api.jobs());
  server.get<WithId>('/v1/jobs/:id', (request) => api.job(request.params.id));
  server.post<WithId>('/v1/jobs/:id/release', async (request) => {
    await api.release(request.params.id, reasonSchema.parse(request.body).by);
    return {};
  });
  server.post<WithId>('/v1/jobs/:id/cancel', async (request) => {
    const { by, reason } = reasonSchema.parse(request.body);
    await api.cancel(request.params.id, by, reason);
    return {};
  });
  server.get('/v1/reviews', () => api.reviews());
  server.get<WithId>('/v1/reviews/:id', (request) => api.review(request.params.id));
  server.post<WithId>('/v1/reviews/:id', async (request) => {
    await api.decide(request.params.id, decisionSchema.parse(request.body));
    return {};
  });
  server.get('/v1/events', (request, reply) => streamEvents(request, reply, api, stopping));
}

/** Server-sent events: one JSON object an event. A reader that is too slow is paused, not buffered for. */
async function streamEvents(
  request: FastifyRequest,
  reply: FastifyReply,
  api: MemberApi,
  stopping: AbortSignal,
): Promise<void> {
  const gone = new AbortController();
  request.raw.once('close', () => gone.abort());
  const signal = AbortSignal.any([gone.signal, stopping]);
  reply.hijack();
  reply.raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  try {
    for await (const event of api.events({ signal })) {
      if (!reply.raw.write(`data: ${JSON.stringify(event)}\n\n`)) await once(reply.raw, 'drain', { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    reply.raw.end();
  }
}

async function authenticate(request: FastifyRequest, reply: FastifyReply, token: string): Promise<void> {
  // A page in a browser can reach loopback; the Host check stops DNS rebinding, the token everything else.
  const host = request.headers.host?.replace(/:\d+$/, '');
  if (host !== '127.0.0.1' && host !== '[::1]' && host !== 'localhost')
    return reply.code(421).send({ code: 'CONFIG_HOST_REFUSED' });
  const given = Buffer.from(request.headers.authorization?.replace(/^Bearer /, '') ?? '');
  const wanted = Buffer.from(token);
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted))
    return reply.code(401).send({ code: 'CONFIG_TOKEN_REFUSED' });
}

function answerError(error: unknown, reply: FastifyReply, log: Log): FastifyReply {
  if (isInterhospError(error)) {
    return reply.code(409).send({ code: error.code, details: error.details, message: error.message });
  }
  if (error instanceof z.ZodError) {
    const place = error.issues[0]?.path.join('.');
    const field = place === undefined || place === '' ? 'body' : place;
    const refused = new InterhospError('CONFIG_USAGE', { details: { field } });
    return reply.code(400).send({ code: refused.code, details: refused.details, message: refused.message });
  }
  const status = (error as { statusCode?: number }).statusCode;
  if (status !== undefined && status < 500) return reply.code(status).send({ code: 'CONFIG_USAGE' });
  log.write('error', 'admin.request.failed', errorFields(error));
  return reply.code(500).send({ code: errorCodeOf(error) ?? 'STORAGE_FAILED' });
}
