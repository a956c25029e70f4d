/**
 * The one place where dcmjs runs: a thread of its own, with a heap that ends. What hangs or crashes here ends a call and
 * nothing else (client.ts). dcmjs takes a length that lies for the end of the file, and nesting of any depth for a reason to
 * go on: so each data set is walked by our own walker first, and deflated ones are inflated by zlib, which can be told when
 * to stop.
 */
import { parentPort } from 'node:worker_threads';
import { inflateRawSync } from 'node:zlib';
import {
  bytesSource,
  part10Header,
  readPart10,
  TRANSFER_SYNTAXES,
  vrFormOf,
  walkElements,
  type Uid,
} from '@interhosp/core/dicom';
import { errorCodeOf } from '@interhosp/core/errors';
import { data, log } from 'dcmjs';
import { MAX_INPUT_BYTES, MAX_OUTPUT_BYTES } from './defaults.ts';
import { fromDicomJson, toDicomJson, UnfitValue, type DictionaryEntry } from './dicom-json.ts';
import type { Reply, Results, Task } from './messages.ts';

// Its warnings repeat values, and values are patients; what it writes elsewhere is dropped with this thread's output.
log.setLevel('silent');

/** Stands in the meta information that dcmjs wants around a data set. */
const ANY_UID = '2.25.1' as Uid;

const port = parentPort;
if (port === null) throw new Error('this module is a worker thread');
port.on('message', (task: Task) => void answer(task).then((reply) => port.postMessage(reply)));
port.postMessage({ ready: true } satisfies Reply);

async function answer(task: Task): Promise<Reply> {
  try {
    const result = await perform(task);
    return isTooLong(result) ? { problem: 'limit', reason: 'output' } : { result };
  } catch (error) {
    if (error instanceof UnfitValue) {
      return { problem: error.message === 'depth' ? 'limit' : 'value', reason: error.message };
    }
    const code = errorCodeOf(error);
    if (code !== undefined) return { problem: code === 'DICOM_LIMIT' ? 'limit' : 'malformed', reason: code };
    if (isTooLarge(error)) return { problem: 'limit', reason: 'inflated' };
    return { problem: 'malformed', reason: 'dcmjs' };
  }
}

async function perform(task: Task): Promise<Results[keyof Results]> {
  switch (task.kind) {
    case 'describe':
      return describe(task.keywords);
    case 'toJson':
      return await toJson(task.dataSet, task.transferSyntaxUid);
    case 'fromJson':
      return await fromJson(task.json);
    default:
      throw new Error(`no such task: ${String(task satisfies never)}`);
  }
}

function isTooLong(result: Results[keyof Results]): boolean {
  return (typeof result === 'string' || result instanceof Uint8Array) && result.length > MAX_OUTPUT_BYTES;
}

/** The keywords that exist. Group lengths, repeating groups and what has no single VR are not among them. */
function describe(keywords: readonly string[]): Results['describe'] {
  const found: Record<string, DictionaryEntry> = {};
  for (const keyword of keywords) {
    const entry = Object.hasOwn(data.DicomMetaDictionary.nameMap, keyword)
      ? data.DicomMetaDictionary.nameMap[keyword]
      : undefined;
    const tag = entry?.tag.replaceAll(/[(),]/g, '').toUpperCase() ?? '';
    if (entry !== undefined && /^[0-9A-F]{8}$/.test(tag) && /^[A-Z]{2}$/.test(entry.vr)) {
      found[keyword] = { tag, vr: entry.vr, vm: entry.vm };
    }
  }
  return found;
}

async function toJson(dataSet: Uint8Array, transferSyntaxUid: Uid): Promise<string> {
  const isDeflated = transferSyntaxUid === TRANSFER_SYNTAXES.DeflatedExplicitVRLittleEndian;
  const plain = isDeflated ? inflateRawSync(dataSet, { maxOutputLength: MAX_INPUT_BYTES }) : dataSet;
  const syntax = isDeflated ? TRANSFER_SYNTAXES.ExplicitVRLittleEndian : transferSyntaxUid;
  for await (const element of walkElements(bytesSource(plain), vrFormOf(syntax))) void element;
  const header = part10Header({ sopClassUid: ANY_UID, sopInstanceUid: ANY_UID, transferSyntaxUid: syntax });
  const file = new Uint8Array(header.length + plain.length);
  file.set(header);
  file.set(plain, header.length);
  return JSON.stringify(toDicomJson(data.DicomMessage.readFile(file.buffer).dict));
}

async function fromJson(json: string): Promise<Uint8Array> {
  const dict = new data.DicomDict({
    '00020010': { vr: 'UI', Value: [TRANSFER_SYNTAXES.ExplicitVRLittleEndian] },
  });
  dict.dict = fromDicomJson(JSON.parse(json));
  const file = new Uint8Array(dict.write({ allowInvalidVRLength: false }));
  const parts: Uint8Array[] = [];
  const { dataSet } = await readPart10(oneChunk(file));
  for await (const part of dataSet) parts.push(part);
  return Uint8Array.from(Buffer.concat(parts));
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function isTooLarge(error: unknown): boolean {
  return error instanceof RangeError && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
}
