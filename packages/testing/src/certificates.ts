/**
 * X.509 certificates for tests of TLS: an authority of one's own, and whatever it should not have signed. They are written
 * here (RFC 5280, DER), as Node signs but writes none; keys are P-256, and nothing is kept beyond the process.
 */
import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';
import { isIPv4 } from 'node:net';

/** A certificate and its key, in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** What is written into a certificate. */
export interface CertificateOptions {
  /** Common Name of the subject. */
  readonly name: string;
  /** Names and IPv4 addresses it is good for (Subject Alternative Name); default none, as PACS often have none. */
  readonly hosts?: readonly string[];
  /** Default an hour ago. */
  readonly notBefore?: Date;
  /** Default a day from now. */
  readonly notAfter?: Date;
}

/** An authority that signs certificates. */
export interface CertificateAuthority {
  /** Its own certificate, which those that trust it are given. */
  readonly cert: string;
  issue(options: CertificateOptions): Certificate;
}

const HOUR_MS = 3_600_000;
const OID = {
  commonName: '55 04 03',
  basicConstraints: '55 1d 13',
  keyUsage: '55 1d 0f',
  subjectAltName: '55 1d 11',
  subjectKeyIdentifier: '55 1d 0e',
  authorityKeyIdentifier: '55 1d 23',
  ecdsaWithSha256: '2a 86 48 ce 3d 04 03 02',
} as const;
/** Key Usage as bit strings, the number of unused bits first: keyCertSign and cRLSign; digitalSignature. */
const SIGNS_CERTIFICATES = [1, 0x06];
const SIGNS = [7, 0x80];

/** Makes an authority with a key of its own. */
export function createCertificateAuthority(name: string): CertificateAuthority {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = { key: privateKey, keyId: keyIdOf(publicKey), name };
  return {
    cert: write({ name }, publicKey, issuer, true),
    issue: (options) => {
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const key = pair.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
      return { cert: write(options, pair.publicKey, issuer, false), key };
    },
  };
}

interface Issuer {
  readonly key: KeyObject;
  readonly keyId: Buffer;
  readonly name: string;
}

/** Signs a certificate (RFC 5280 4.1). */
function write(options: CertificateOptions, subjectKey: KeyObject, issuer: Issuer, isAuthority: boolean): string {
  const { name, hosts = [] } = options;
  const { notBefore = new Date(Date.now() - HOUR_MS), notAfter = new Date(Date.now() + 24 * HOUR_MS) } = options;
  const algorithm = sequence(oid(OID.ecdsaWithSha256));
  const serial = randomBytes(8);
  // Positive, and in its shortest form.
  serial[0] = 0x40 | ((serial[0] ?? 0) & 0x3f);
  const extensions = [
    extension(OID.basicConstraints, sequence(...(isAuthority ? [element(0x01, Buffer.from([0xff]))] : [])), true),
    extension(OID.keyUsage, element(0x03, Buffer.from(isAuthority ? SIGNS_CERTIFICATES : SIGNS)), true),
    extension(OID.subjectKeyIdentifier, element(0x04, keyIdOf(subjectKey))),
    extension(OID.authorityKeyIdentifier, sequence(element(0x80, issuer.keyId))),
    ...(hosts.length > 0 ? [extension(OID.subjectAltName, sequence(...hosts.map(alternativeName)))] : []),
  ];
  const toBeSigned = sequence(
    element(0xa0, element(0x02, Buffer.from([2]))),
    element(0x02, serial),
    algorithm,
    distinguishedName(issuer.name),
    sequence(time(notBefore), time(notAfter)),
    distinguishedName(name),
    subjectKey.export({ format: 'der', type: 'spki' }),
    element(0xa3, sequence(...extensions)),
  );
  const signature = sign('sha256', toBeSigned, issuer.key);
  const der = sequence(toBeSigned, algorithm, element(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** RFC 5280 4.2.1.2, method 1 but for the hash: any value that differs from key to key will do. */
function keyIdOf(key: KeyObject): Buffer {
  return createHash('sha256')
    .update(key.export({ format: 'der', type: 'spki' }))
    .digest()
    .subarray(0, 20);
}

function distinguishedName(commonName: string): Buffer {
  return sequence(element(0x31, sequence(oid(OID.commonName), element(0x0c, Buffer.from(commonName, 'utf8')))));
}

function extension(id: string, value: Buffer, isCritical = false): Buffer {
  const critical = isCritical ? [element(0x01, Buffer.from([0xff]))] : [];
  return sequence(oid(id), ...critical, element(0x04, value));
}

function alternativeName(host: string): Buffer {
  if (isIPv4(host)) return element(0x87, Buffer.from(host.split('.').map(Number)));
  return element(0x82, Buffer.from(host, 'latin1'));
}

/** UTCTime, which holds the years 1950 to 2049. */
function time(date: Date): Buffer {
  const digits = date.toISOString().replaceAll(/\D/g, '').slice(2, 14);
  return element(0x17, Buffer.from(`${digits}Z`, 'latin1'));
}

function oid(hex: string): Buffer {
  return element(0x06, Buffer.from(hex.replaceAll(' ', ''), 'hex'));
}

function sequence(...elements: readonly Buffer[]): Buffer {
  return element(0x30, Buffer.concat(elements));
}

/** Tag, length in the fewest bytes (X.690 10.1), value. */
function element(tag: number, value: Buffer): Buffer {
  const { length } = value;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), value]);
  const bytes = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...bytes]), value]);
}
