/** How the client proves who it is. Secrets go to the configured service alone, and into no error or log. */
import { Pool } from 'undici';
import { PacsError } from '@interhosp/core/errors';
import { untilAborted, type Clock } from '@interhosp/core/world';
import { guardedLookup, parseServiceUrl } from './addresses.ts';
import { parseJson, readText } from './dicom-json.ts';
import { unreachable } from './http-client.ts';
import { DEFAULT_TOKEN_SECONDS, MAX_TOKEN_BYTES, TOKEN_RENEWAL_SHARE } from './limits.ts';

/** Choices of the configuration. */
export type AuthOptions =
  | { readonly kind: 'none' }
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'bearer'; readonly token: string }
  | {
      readonly kind: 'oauth2';
      readonly tokenUrl: string;
      readonly clientId: string;
      readonly clientSecret: string;
      readonly scope?: string;
    };

/** The credentials of one service. */
export interface Credentials {
  /** Value of the Authorization header; undefined when there is none. @throws {PacsError} */
  authorization(signal: AbortSignal | undefined): Promise<string | undefined>;
  /** Forgets what was fetched; false when there is nothing that could be fetched anew. */
  forget(): boolean;
  close(): Promise<void>;
}

/** How tokens are fetched. */
interface TokenOptions {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly inactivityMs: number;
  /** Authorities of the hospital, in PEM, which have often signed the certificate of the token endpoint too. */
  readonly ca?: string;
}

/** Makes the credentials of the configuration. @throws {ConfigError} `CONFIG_INVALID` for a bad token address. */
export function createCredentials(auth: AuthOptions, options: TokenOptions): Credentials {
  switch (auth.kind) {
    case 'none':
      return fixed(undefined);
    case 'basic':
      return fixed(`Basic ${Buffer.from(`${auth.username}:${auth.password}`, 'utf8').toString('base64')}`);
    case 'bearer':
      return fixed(`Bearer ${auth.token}`);
    case 'oauth2':
      return new ClientCredentials(auth, options);
    default:
      return auth satisfies never;
  }
}

function fixed(authorization: string | undefined): Credentials {
  return {
    authorization: () => Promise.resolve(authorization),
    forget: () => false,
    close: () => Promise.resolve(),
  };
}

interface Token {
  readonly authorization: string;
  readonly renewAtMs: number;
}

/** OAuth 2.0 client credentials (RFC 6749 4.4): one token for all requests, renewed before it ends. */
class ClientCredentials implements Credentials {
  readonly #auth: Extract<AuthOptions, { kind: 'oauth2' }>;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #url: URL;
  readonly #pool: Pool;
  #token: Token | undefined;
  /** The request that is under way, which all who wait share. */
  #fetching: Promise<Token> | undefined;

  constructor(auth: Extract<AuthOptions, { kind: 'oauth2' }>, { ca, clock, inactivityMs }: TokenOptions) {
    this.#auth = auth;
    this.#clock = clock;
    this.#url = parseServiceUrl(auth.tokenUrl, 'tokenUrl');
    this.#pool = new Pool(this.#url.origin, {
      connections: 1,
      headersTimeout: inactivityMs,
      bodyTimeout: inactivityMs,
      connect: { lookup: guardedLookup, ...(ca !== undefined && { ca }) },
    });
  }

  async authorization(signal: AbortSignal | undefined): Promise<string> {
    if (this.#token !== undefined && this.#clock.monotonicMs() < this.#token.renewAtMs) {
      return this.#token.authorization;
    }
    this.#fetching ??= this.#fetch().finally(() => (this.#fetching = undefined));
    this.#fetching.catch(() => {});
    return (await untilAborted(this.#fetching, signal)).authorization;
  }

  forget(): boolean {
    this.#token = undefined;
    return true;
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #fetch(): Promise<Token> {
    const askedAtMs = this.#clock.monotonicMs();
    const answer = parseJson(await this.#ask());
    const { access_token: token, expires_in: life } = (answer ?? {}) as Record<string, unknown>;
    if (typeof token !== 'string' || !/^[\x21-\x7e]{1,16384}$/.test(token)) throw tokenError('no-token');
    const seconds = Number(life);
    const lifeSeconds = Number.isFinite(seconds) && seconds > 0 ? seconds : DEFAULT_TOKEN_SECONDS;
    this.#token = {
      authorization: `Bearer ${token}`,
      renewAtMs: askedAtMs + lifeSeconds * 1000 * TOKEN_RENEWAL_SHARE,
    };
    return this.#token;
  }

  async #ask(): Promise<string> {
    const { clientId, clientSecret, scope } = this.#auth;
    // RFC 6749 2.3.1: both are form-encoded before they are joined.
    const pair = `${formEncoded(clientId)}:${formEncoded(clientSecret)}`;
    const form = new URLSearchParams({ grant_type: 'client_credentials', ...(scope !== undefined && { scope }) });
    const response = await this.#pool
      .request({
        method: 'POST',
        path: this.#url.pathname,
        headers: {
          accept: 'application/json',
          authorization: `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`,
          'content-type': 'application/x-www-form-urlencoded',
        },
        body: form.toString(),
      })
      .catch((error: unknown) => {
        throw unreachable(error);
      });
    response.body.on('error', () => {});
    const { statusCode: status } = response;
    if (status === 200) return await readText(response.body, MAX_TOKEN_BYTES);
    await response.body.dump().catch(() => {});
    if (status >= 500) throw new PacsError('PACS_BUSY', { details: { status, reason: 'token' } });
    throw new PacsError('PACS_UNAUTHORIZED', { details: { status, reason: 'token' } });
  }
}

function formEncoded(text: string): string {
  return new URLSearchParams({ a: text }).toString().slice(2);
}

function tokenError(reason: string): PacsError {
  return new PacsError('PACS_PROTOCOL', { details: { reason } });
}
