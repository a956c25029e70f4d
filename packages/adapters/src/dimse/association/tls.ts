/**
 * DIMSE over TLS by the BCP 195 profiles (PS3.15 B.9, B.12, RFC 9325): TLS 1.2 and 1.3, forward secrecy and authenticated
 * encryption only, certificates on both sides. An AE title proves nothing; the certificate it is bound to does.
 */
import { checkServerIdentity, type ConnectionOptions, type PeerCertificate, type TlsOptions } from 'node:tls';

/** What both sides need: PEM texts. */
export interface TlsIdentity {
  /** Certificates of the authorities, or of the peers themselves, that are trusted; nothing else is. */
  readonly ca: string | readonly string[];
  /** Our own certificate, with its chain. */
  readonly cert: string;
  readonly key: string;
}

/** How a server's certificate is known to be the PACS's. */
export interface TlsServerCheck {
  /** SHA-256 fingerprints of certificates, as `openssl x509 -fingerprint -sha256` prints them; one must match. */
  readonly fingerprints?: readonly string[];
  /** Name to be found in the certificate instead of the host; PACS certificates often know only one. */
  readonly serverName?: string;
}

/** AEAD with ephemeral keys (RFC 9325 4.2), and the suites of TLS 1.3. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/** Options of `tls.connect`. */
export function clientTls(identity: TlsIdentity, host: string, check: TlsServerCheck = {}): ConnectionOptions {
  return {
    ...common(identity),
    rejectUnauthorized: true,
    // Names in SNI must not be addresses.
    ...(isName(check.serverName ?? host) && { servername: check.serverName ?? host }),
    checkServerIdentity: (_, certificate) => serverProblem(check, host, certificate),
  };
}

/** Options of `tls.createServer`; clients without a certificate of a trusted authority do not get through. */
export function serverTls(identity: TlsIdentity): TlsOptions {
  return { ...common(identity), requestCert: true, rejectUnauthorized: true, honorCipherOrder: true };
}

/** Fingerprint in the form in which they are compared: upper-case hexadecimal digits without colons. */
export function normalFingerprint(fingerprint: string): string {
  return fingerprint
    .replace(/^sha256[:= ]/i, '')
    .replaceAll(':', '')
    .toUpperCase();
}

function common({ ca, cert, key }: TlsIdentity): TlsOptions & ConnectionOptions {
  return { ca: typeof ca === 'string' ? ca : [...ca], cert, key, minVersion: 'TLSv1.2', ciphers: CIPHERS };
}

function serverProblem(
  { fingerprints, serverName }: TlsServerCheck,
  host: string,
  certificate: PeerCertificate,
): Error | undefined {
  if (fingerprints === undefined) return checkServerIdentity(serverName ?? host, certificate);
  const own = normalFingerprint(certificate.fingerprint256);
  if (fingerprints.some((each) => normalFingerprint(each) === own)) return undefined;
  return Object.assign(new Error('the certificate is not the one that was configured'), {
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  });
}

function isName(host: string): boolean {
  return !/^[\d.]+$|:/.test(host);
}
