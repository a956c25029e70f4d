/** Media types with parameters, as in Content-Type (RFC 9110 8.3), read tolerantly and with limits. */

/** A media type in lower case, its parameters by lower-case name. */
export interface MediaType {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

const MAX_CHARACTERS = 1024;
const TYPE = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+/;
/** A name and a value that is quoted, with escapes, or not. */
const PARAMETER = /\s*;\s*([\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))/y;

/** Reads a media type; undefined when it is none. What follows the last sound parameter is ignored. */
export function parseMediaType(text: string): MediaType | undefined {
  const trimmed = text.slice(0, MAX_CHARACTERS).trim();
  const type = TYPE.exec(trimmed)?.[0];
  if (type === undefined) return undefined;
  const parameters = new Map<string, string>();
  PARAMETER.lastIndex = type.length;
  for (let match = PARAMETER.exec(trimmed); match !== null; match = PARAMETER.exec(trimmed)) {
    const [, name = '', quoted, plain = ''] = match;
    const value = quoted === undefined ? plain : quoted.replaceAll(/\\(.)/g, '$1');
    if (!parameters.has(name.toLowerCase())) parameters.set(name.toLowerCase(), value);
  }
  return { type: type.toLowerCase(), parameters };
}
