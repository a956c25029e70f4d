/**
 * Asks a PACS what it holds, over QIDO-RS and WADO-RS, and stores into it as a modality would, over STOW-RS. The
 * demonstration's own eyes: nothing here comes from the members or from the adapters they use.
 */
import type { SampleInstance } from '@interhosp/core/conformance';
import { multipart, partsOf, unwrap, wrap, type UnwrappedObject } from './part-10.ts';

/** Longest wait for one answer on this machine. */
const ANSWER_MS = 30_000;
/** Instances in one STOW request: well below what a PACS keeps in memory. */
const BATCH = 10;
/** More studies than the demonstration makes; a full page would mean that some are hidden. */
const PAGE = 1_000;

/** A study as the PACS lists it. */
export interface ListedStudy {
  readonly studyInstanceUid: string;
  readonly patientId: string;
  /** Issuer of Patient ID (0010,0021); empty where the PACS does not index it. */
  readonly issuer: string;
  readonly patientName: string;
}

/** An instance as the PACS lists it. */
export interface ListedInstance {
  readonly seriesInstanceUid: string;
  readonly sopInstanceUid: string;
}

/** One PACS. */
export interface PacsClient {
  readonly url: string;
  studies(): Promise<readonly ListedStudy[]>;
  instances(studyInstanceUid: string): Promise<readonly ListedInstance[]>;
  retrieve(studyInstanceUid: string, instance: ListedInstance): Promise<UnwrappedObject>;
  /** @throws {Error} when the PACS does not take every instance. */
  store(instances: readonly SampleInstance[]): Promise<void>;
}

/** A client of the PACS at a DICOMweb root, `http://127.0.0.1:8042/dicom-web`. */
export function pacsClient(url: string): PacsClient {
  return {
    url,
    studies: async () => (await search(`${url}/studies?includefield=00100021&limit=${PAGE}`)).map(listedStudy),
    instances: async (study) => (await search(`${url}/studies/${study}/instances?limit=${PAGE}`)).map(listedInstance),
    retrieve: (study, instance) => retrieve(url, study, instance),
    store: async (instances) => {
      for (let at = 0; at < instances.length; at += BATCH) await store(url, instances.slice(at, at + BATCH));
    },
  };
}

/** Attributes in the DICOM JSON model (PS3.18 F.2), as far as they are read here. */
type Attributes = Readonly<
  Record<string, { readonly Value?: ReadonlyArray<string | { readonly Alphabetic?: string }> }>
>;

async function search(address: string): Promise<readonly Attributes[]> {
  const response = await fetch(address, {
    headers: { accept: 'application/dicom+json' },
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  // "Nothing found" is 204, or an empty list.
  if (response.status === 204) return [];
  if (!response.ok) throw new Error(`GET ${address} answered ${response.status}`);
  const found = (await response.json()) as readonly Attributes[];
  if (found.length >= PAGE) throw new Error(`GET ${address} answered a full page`);
  return found;
}

function listedStudy(attributes: Attributes): ListedStudy {
  return {
    studyInstanceUid: text(attributes, '0020000D'),
    patientId: text(attributes, '00100020'),
    issuer: text(attributes, '00100021'),
    patientName: text(attributes, '00100010'),
  };
}

function listedInstance(attributes: Attributes): ListedInstance {
  return { seriesInstanceUid: text(attributes, '0020000E'), sopInstanceUid: text(attributes, '00080018') };
}

function text(attributes: Attributes, tag: string): string {
  const value = attributes[tag]?.Value?.[0];
  return typeof value === 'object' ? (value.Alphabetic ?? '') : (value ?? '');
}

async function retrieve(url: string, study: string, instance: ListedInstance): Promise<UnwrappedObject> {
  const { seriesInstanceUid, sopInstanceUid } = instance;
  const address = `${url}/studies/${study}/series/${seriesInstanceUid}/instances/${sopInstanceUid}`;
  const response = await fetch(address, {
    headers: { accept: 'multipart/related; type="application/dicom"; transfer-syntax=*' },
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  if (!response.ok) throw new Error(`GET ${address} answered ${response.status}`);
  const parts = partsOf(new Uint8Array(await response.arrayBuffer()), response.headers.get('content-type') ?? '');
  const [part] = parts;
  if (part === undefined || parts.length > 1) throw new Error(`GET ${address} answered ${parts.length} objects`);
  return unwrap(part);
}

async function store(url: string, instances: readonly SampleInstance[]): Promise<void> {
  const { body, type } = multipart(instances.map(wrap));
  const response = await fetch(`${url}/studies`, {
    method: 'POST',
    headers: { accept: 'application/dicom+json', 'content-type': type },
    body: body as Uint8Array<ArrayBuffer>,
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  // 200 alone says that every instance was taken (PS3.18 10.5.3).
  if (response.status !== 200) throw new Error(`POST ${url}/studies answered ${response.status}`);
  await response.arrayBuffer();
}
