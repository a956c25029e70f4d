/**
 * The Native DICOM Model in XML (PS3.19 A.1), as some servers answer a store or a search. Only what such answers hold is
 * read: attributes, items, values and person names. It is no XML parser: entities and document types, which make XML dangerous, are refused.
 */
import { PacsError } from '@interhosp/core/errors';
import type { JsonDataSet } from './dicom-json.ts';
import { MAX_JSON_DEPTH } from './limits.ts';

const TAG = /<(\/?)([A-Za-z][\w:.-]*)((?:[^<>"']|"[^"<]*"|'[^'<]*')*?)(\/?)>/y;
const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

interface Attribute {
  readonly vr: string;
  readonly Value: unknown[];
}

/** An element that is open: an attribute collects values, an item or the document attributes, a name its groups. */
interface Open {
  readonly name: string;
  readonly attribute?: Attribute;
  readonly dataSet?: Record<string, Attribute>;
  readonly personName?: Record<string, string>;
  /** Components of one group of a person name. */
  readonly components?: string[];
  text: string;
}

const GROUPS: ReadonlySet<string> = new Set(['Alphabetic', 'Ideographic', 'Phonetic']);
/** In the order of VR PN. */
const COMPONENTS: readonly string[] = ['FamilyName', 'GivenName', 'MiddleName', 'NamePrefix', 'NameSuffix'];

/** Reads a document into the JSON model. @throws {PacsError} `PACS_PROTOCOL` */
export function parseNativeXml(text: string): JsonDataSet {
  const root: Record<string, Attribute> = {};
  const open: Open[] = [{ name: '', dataSet: root, text: '' }];
  let isModel = false;
  for (let at = 0; at < text.length;) {
    const next = text.indexOf('<', at);
    const inner = open.at(-1) as Open;
    if (inner.name === 'Value' || COMPONENTS.includes(inner.name)) {
      inner.text += text.slice(at, next < 0 ? text.length : next);
    }
    if (next < 0) break;
    at = skipped(text, next) ?? element(text, next, open);
    isModel ||= open[1]?.name === 'NativeDicomModel';
  }
  if (open.length !== 1) throw unreadable('not-closed');
  // A page that asks for a password is XML too, and must not pass for an answer without content.
  if (!isModel) throw unreadable('no-model');
  return root;
}

/** Where a declaration or comment ends; undefined when an element begins. */
function skipped(text: string, at: number): number | undefined {
  for (const [start, end] of [
    ['<?', '?>'],
    ['<!--', '-->'],
  ] as const) {
    if (!text.startsWith(start, at)) continue;
    const close = text.indexOf(end, at + start.length);
    if (close < 0) throw unreadable('not-closed');
    return close + end.length;
  }
  if (text.startsWith('<!', at)) throw unreadable('document-type');
  return undefined;
}

function element(text: string, at: number, open: Open[]): number {
  TAG.lastIndex = at;
  const match = TAG.exec(text);
  if (match === null) throw unreadable('no-xml');
  const [whole, closing, fullName = '', attributes = '', empty] = match;
  const name = fullName.replace(/^.*:/, '');
  if (closing === '/') {
    close(name, open);
  } else {
    if (open.length > MAX_JSON_DEPTH * 2) throw unreadable('too-deep');
    open.push(opened(name, attributes, open.at(-1) as Open));
    if (empty === '/') close(name, open);
  }
  return at + whole.length;
}

function opened(name: string, attributes: string, parent: Open): Open {
  if (name === 'DicomAttribute' && parent.dataSet !== undefined) {
    const tag = /\stag\s*=\s*["']([0-9A-Fa-f]{8})["']/.exec(attributes)?.[1]?.toUpperCase();
    if (tag === undefined) return { name, text: '' };
    const attribute = { vr: /\svr\s*=\s*["']([A-Z]{2})["']/.exec(attributes)?.[1] ?? 'UN', Value: [] };
    parent.dataSet[tag] = attribute;
    return { name, attribute, text: '' };
  }
  if (name === 'Item' && parent.attribute !== undefined) {
    const dataSet: Record<string, Attribute> = {};
    parent.attribute.Value.push(dataSet);
    return { name, dataSet, text: '' };
  }
  if (name === 'NativeDicomModel' && parent.dataSet !== undefined) return { name, dataSet: parent.dataSet, text: '' };
  if (name === 'PersonName' && parent.attribute !== undefined) {
    const personName = {};
    parent.attribute.Value.push(personName);
    return { name, personName, text: '' };
  }
  if (GROUPS.has(name) && parent.personName !== undefined) return { name, components: [], text: '' };
  return { name, text: '' };
}

function close(name: string, open: Open[]): void {
  const element = open.pop();
  if (element?.name !== name || open.length === 0) throw unreadable('not-closed');
  const parent = open.at(-1);
  if (name === 'Value') parent?.attribute?.Value.push(unescaped(element.text).trim());
  const component = COMPONENTS.indexOf(name);
  // A separator within a component would make two of it.
  if (component >= 0 && parent?.components !== undefined) {
    parent.components[component] = unescaped(element.text).replaceAll(/[=^]/g, ' ').trim();
  }
  if (element.components !== undefined && parent?.personName !== undefined) {
    parent.personName[name] = Array.from(element.components, (each) => each ?? '').join('^');
  }
}

function unescaped(text: string): string {
  return text.replaceAll(/&(#x[0-9A-Fa-f]{1,6}|#\d{1,7}|\w+);/g, (whole, name: string) => {
    if (!name.startsWith('#')) return ENTITIES[name] ?? whole;
    const code = name.startsWith('#x') ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code <= 0x10_ffff ? String.fromCodePoint(code) : '';
  });
}

function unreadable(reason: string): PacsError {
  return new PacsError('PACS_PROTOCOL', { details: { reason: `xml-${reason}` } });
}
