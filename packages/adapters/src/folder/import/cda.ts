/**
 * HL7 CDA release 2, as far as Encapsulated CDA needs (PS3.3 A.45.2, C.24.2): the root element, the identifier of the
 * document, its code and its title, all from the first kilobytes. It is no XML parser: there is no document type, no entity
 * beside the five of XML, nothing is fetched and nothing grows, so that neither entities nor depth can be a bomb.
 */
import type { ByteSource } from '@interhosp/core/dicom';
import { CDA_DEPTH, CDA_HEAD_BYTES, MAX_DOCUMENT_BYTES } from './limits.ts';
import { beyond, malformed, unsupported } from './refusal.ts';

/** What is said at the head of a document. */
export interface CdaHead {
  /** `root^extension` (PS3.3 C.24.2, HL7 Instance Identifier (0040,E001)). */
  readonly instanceIdentifier: string;
  readonly title?: string;
  /** The LOINC code of the kind of document. */
  readonly code?: { readonly value: string; readonly meaning: string };
}

const HL7_NAMESPACE = 'urn:hl7-org:v3';
const LOINC = '2.16.840.1.113883.6.1';
const END_WITHIN_BYTES = 4_096;
/** Encodings by the label of the XML declaration; what is decoded here is only looked at. */
const ENCODINGS: ReadonlySet<string> = new Set(['utf-8', 'us-ascii', 'iso-8859-1', 'iso-8859-15', 'windows-1252']);
/** One piece of XML; each alternative ends within the head or does not match. */
const PIECE =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[[\s\S]*?\]\]>|<!|<\/([^\s<>/]+)\s*>|<([^\s<>/!?]+)((?:\s+[^\s=<>/]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|[^<]+/y;
const ATTRIBUTE = /([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/** @throws {ImportError} `IMPORT_MALFORMED`, `IMPORT_UNSUPPORTED`, `IMPORT_LIMIT` */
export async function readCda(source: ByteSource): Promise<CdaHead> {
  const { lengthBytes } = source;
  if (lengthBytes > MAX_DOCUMENT_BYTES) throw beyond('bytes', lengthBytes, MAX_DOCUMENT_BYTES);
  const bytes = await source.read(0, CDA_HEAD_BYTES);
  const head = headOf(decoded(bytes));
  const tail = Buffer.from(await source.read(Math.max(0, lengthBytes - END_WITHIN_BYTES), END_WITHIN_BYTES));
  if (lastName(tail.toString('latin1')) !== 'ClinicalDocument') throw malformed('truncated');
  return head;
}

/**
 * The name in the last tag, which is behind everything but comments and blanks. They are taken off one by one: a pattern
 * for any number of them tries every way to divide them, and never ends.
 */
function lastName(text: string): string | undefined {
  let rest = text.trimEnd();
  while (rest.endsWith('-->')) {
    const start = rest.lastIndexOf('<!--', rest.length - '<!---->'.length);
    if (start === -1) return undefined;
    rest = rest.slice(0, start).trimEnd();
  }
  const name = /^<\/([^\s<>/]+)\s*>$/.exec(rest.slice(Math.max(0, rest.lastIndexOf('<'))))?.[1];
  return name === undefined ? undefined : localName(name);
}

function decoded(bytes: Uint8Array): string {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff))
    throw unsupported('encoding');
  const declaration = Buffer.from(bytes.subarray(0, 200)).toString('latin1');
  const label = /^\s*(?:\xef\xbb\xbf)?<\?xml[^>]*?encoding\s*=\s*["']([\w.-]+)["']/.exec(declaration)?.[1] ?? 'utf-8';
  if (!ENCODINGS.has(label.toLowerCase())) throw unsupported('encoding');
  return new TextDecoder(label).decode(bytes);
}

interface Open {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
}

function headOf(text: string): CdaHead {
  const open: Open[] = [];
  let identifier: string | undefined;
  let code: CdaHead['code'];
  let title: string | undefined;
  const result = (): CdaHead => {
    if (identifier === undefined) throw malformed('no-identifier');
    return {
      instanceIdentifier: identifier,
      ...(title !== undefined && { title }),
      ...(code !== undefined && { code }),
    };
  };
  for (const piece of piecesOf(text)) {
    if (piece.kind === 'text') {
      if (open.length === 2 && open[1]?.name === 'title') title = (title ?? '') + unescaped(piece.text);
    } else if (piece.kind === 'close') {
      const last = open.pop();
      if (last === undefined || last.name !== piece.name) throw malformed('xml');
      // Title follows identifier and code, and everything else follows it (CDA R2, ClinicalDocument).
      if (open.length === 1 && last.name === 'title') return cleaned(result());
      if (open.length === 0) return cleaned(result());
    } else {
      if (open.length === 0) checkRoot(piece);
      if (open.length >= CDA_DEPTH) throw beyond('depth', open.length, CDA_DEPTH);
      if (open.length === 1 && piece.name === 'id') identifier ??= identifierOf(piece.attributes);
      if (open.length === 1 && piece.name === 'code') code ??= loincOf(piece.attributes);
      if (open.length === 1 && AFTER_TITLE.has(piece.name)) return cleaned(result());
      if (!piece.isEmpty) open.push(piece);
    }
  }
  throw malformed('xml');
}

/** Children of a ClinicalDocument that come after its title. */
const AFTER_TITLE: ReadonlySet<string> = new Set(['effectiveTime', 'recordTarget', 'author', 'custodian', 'component']);

type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'close'; readonly name: string }
  | (Open & { readonly kind: 'open'; readonly isEmpty: boolean });

function* piecesOf(text: string): Generator<Piece> {
  PIECE.lastIndex = 0;
  for (let at = 0; at < text.length; at = PIECE.lastIndex) {
    PIECE.lastIndex = at;
    const match = PIECE.exec(text);
    if (match === null) throw malformed('xml');
    const [whole, closing, opening, attributes = '', slash] = match;
    if (whole === '<!') throw unsupported('doctype');
    if (closing !== undefined) yield { kind: 'close', name: localName(closing) };
    else if (opening !== undefined) {
      yield { kind: 'open', name: localName(opening), attributes: attributesOf(attributes), isEmpty: slash === '/' };
    } else if (!whole.startsWith('<')) yield { kind: 'text', text: whole };
    else if (whole.startsWith('<![CDATA[')) yield { kind: 'text', text: whole.slice(9, -3).replaceAll('&', '&amp;') };
  }
}

function attributesOf(text: string): ReadonlyMap<string, string> {
  return new Map(
    [...text.matchAll(ATTRIBUTE)].map(([, name = '', one, other]) => [name, unescaped(one ?? other ?? '')]),
  );
}

function checkRoot({ attributes, name }: Open): void {
  const namespaces = [...attributes].filter(([key]) => key === 'xmlns' || key.startsWith('xmlns:'));
  const isHl7 = namespaces.some(([, value]) => value === HL7_NAMESPACE);
  if (name !== 'ClinicalDocument' || !isHl7) throw malformed('no-cda');
}

/** A UID or a UUID, as HL7 writes one. */
function identifierOf(attributes: ReadonlyMap<string, string>): string | undefined {
  const [root = '', extension = ''] = [attributes.get('root'), attributes.get('extension')];
  if (!/^[0-9A-Za-z.-]{1,64}$/.test(root)) return undefined;
  return extension === '' ? root : `${root}^${extension}`;
}

function loincOf(attributes: ReadonlyMap<string, string>): CdaHead['code'] {
  const [value = '', meaning = ''] = [attributes.get('code'), attributes.get('displayName')];
  if (attributes.get('codeSystem') !== LOINC || !/^[0-9A-Z-]{1,16}$/.test(value) || meaning === '') return undefined;
  return { value, meaning: meaning.slice(0, 64) };
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replaceAll(/&([^;&\s]{0,10});?/g, (_, name: string) => {
    const number = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}))$/.exec(name);
    if (number === null) {
      const plain = Object.hasOwn(ENTITIES, name) ? ENTITIES[name] : undefined;
      if (plain === undefined) throw unsupported('entity');
      return plain;
    }
    const code = number[1] === undefined ? Number(number[2]) : Number.parseInt(number[1], 16);
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) throw malformed('xml');
    return String.fromCodePoint(code);
  });
}

/** A title as one line of at most what ST holds (PS3.5 6.2). */
function cleaned(head: CdaHead): CdaHead {
  const { title: raw, ...rest } = head;
  const title = raw?.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim();
  return title === undefined || title === '' ? rest : { ...rest, title: Array.from(title).slice(0, 1_024).join('') };
}

function localName(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}
