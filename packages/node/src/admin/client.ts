/** The command line's side of the admin interface: the member's operations, called over loopback. */
import { ERROR_CATALOGUE, InterhospError, type ErrorCode } from '@interhosp/core/errors';
import { keepSafe, type SafeFields } from '@interhosp/core/world';
import type { MemberApi, MemberEvent } from '../member/member-api.ts';
import { readEndpoint, type AdminEndpoint } from './endpoint.ts';

/**
 * A client of the member that runs in a data folder.
 *
 * @throws {ConfigError} `CONFIG_NOT_RUNNING` when none does.
 */
export async function adminClient(dataFolder: string): Promise<MemberApi> {
  const endpoint = await readEndpoint(dataFolder);
  if (endpoint === undefined) throw new InterhospError('CONFIG_NOT_RUNNING', { details: { file: dataFolder } });
  const call = <T>(method: 'GET' | 'POST', path: string, body?: unknown) => request<T>(endpoint, method, path, body);
  const at = (kind: string, id: string) => `/v1/${kind}/${encodeURIComponent(id)}`;
  return {
    status: () => call('GET', '/v1/status'),
    send: (send) => call('POST', '/v1/send', send),
    jobs: () => call('GET', '/v1/jobs'),
    job: (id) => call('GET', at('jobs', id)),
    reviews: () => call('GET', '/v1/reviews'),
    review: (id) => call('GET', at('reviews', id)),
    decide: (id, decision) => call('POST', at('reviews', id), decision),
    release: (id, by) => call('POST', `${at('jobs', id)}/release`, { by }),
    cancel: (id, by, reason) => call('POST', `${at('jobs', id)}/cancel`, { by, reason }),
    events: (options) => events(endpoint, options?.signal),
  };
}

async function request<T>(endpoint: AdminEndpoint, method: string, path: string, body: unknown): Promise<T> {
  const response = await reach(endpoint, path, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    headers: { ...authorization(endpoint), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
  });
  const answer = await answerOf(response);
  if (!response.ok) throw errorOf(response.status, answer);
  return answer as T;
}

async function* events(endpoint: AdminEndpoint, signal: AbortSignal | undefined): AsyncIterable<MemberEvent> {
  const response = await reach(endpoint, '/v1/events', { headers: authorization(endpoint), ...(signal && { signal }) });
  if (!response.ok) throw errorOf(response.status, await answerOf(response));
  const decoder = new TextDecoder();
  let text = '';
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes as Uint8Array, { stream: true });
    const lines = text.split('\n\n');
    text = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line.replace(/^data: /, '')) as MemberEvent;
  }
}

async function reach(endpoint: AdminEndpoint, path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(new URL(path, endpoint.url), init);
  } catch (error) {
    init.signal?.throwIfAborted();
    throw new InterhospError('CONFIG_NOT_RUNNING', { cause: error });
  }
}

function authorization(endpoint: AdminEndpoint): Record<string, string> {
  return { authorization: `Bearer ${endpoint.token}` };
}

/** What was answered; a port may have passed to a program that is no member, and then it is no JSON. */
async function answerOf(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (cause) {
    throw new InterhospError(CODE_OF_STATUS[response.status] ?? 'CONFIG_NOT_RUNNING', { cause });
  }
}

/** Answers that come before the member is asked anything, by a proxy too. */
const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = { 401: 'CONFIG_TOKEN_REFUSED', 421: 'CONFIG_HOST_REFUSED' };

function errorOf(status: number, answer: unknown): InterhospError {
  const { code, details } = (answer ?? {}) as { code?: string; details?: SafeFields };
  const known = code !== undefined && Object.hasOwn(ERROR_CATALOGUE, code) ? (code as ErrorCode) : undefined;
  return new InterhospError(known ?? CODE_OF_STATUS[status] ?? 'CONFIG_USAGE', { details: keepSafe(details ?? {}) });
}
