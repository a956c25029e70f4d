/** MLLP over TLS by BCP 195 (RFC 9325): TLS 1.2 and 1.3, forward secrecy and authenticated encryption, certificates on both sides. */
import type { TlsOptions } from 'node:tls';

/** What the feed shows, and whom it believes; PEM texts. */
export interface FeedTls {
  /** Certificates of the authorities, or of the senders themselves, that are trusted; nothing else is. */
  readonly ca: string | readonly string[];
  /** Our own certificate, with its chain. */
  readonly cert: string;
  readonly key: string;
  /** SHA-256 fingerprints of the senders' certificates, as openssl prints them; without, any that `ca` trusts will do. */
  readonly fingerprints?: readonly string[] | undefined;
}

const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE+AESGCM',
  'ECDHE+CHACHA20',
].join(':');

/** Options of `tls.createServer`; who has no certificate of a trusted authority does not get through. */
export function serverTls({ ca, cert, key }: FeedTls): TlsOptions {
  return {
    ca: typeof ca === 'string' ? ca : [...ca],
    cert,
    key,
    minVersion: 'TLSv1.2',
    ciphers: CIPHERS,
    honorCipherOrder: true,
    requestCert: true,
    rejectUnauthorized: true,
  };
}

/** Fingerprint as it is compared: upper-case digits without colons. */
export function normalFingerprint(fingerprint: string): string {
  return fingerprint
    .replace(/^sha256[:= ]/i, '')
    .replaceAll(':', '')
    .toUpperCase();
}
