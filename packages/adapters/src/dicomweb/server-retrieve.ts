/**
 * Retrievals the server answers (WADO-RS): a study, a series or an instance as multipart/related, each data set as the PACS
 * gives it. Nothing is transcoded: who accepts only another transfer syntax gets 406.
 */
import { part10Header, type Uid } from '@interhosp/core/dicom';
import type { InstanceSummary, Pacs, PacsOptions, RetrievedInstance } from '@interhosp/core/pacs';
import { closing, newBoundary, partHead } from './multipart-writer.ts';
import { parseMediaType } from './media-type.ts';
import { peekDataSet } from './server-peek.ts';
import { HttpProblem } from './server-errors.ts';

/** What is to be retrieved. */
export interface RetrievalTarget {
  readonly studyInstanceUid: Uid;
  readonly seriesInstanceUid?: Uid;
  readonly sopInstanceUid?: Uid;
}

/** A body on its way out, whose first instance has been found. */
export interface Retrieval {
  readonly contentType: string;
  readonly chunks: AsyncGenerator<Uint8Array, void, undefined>;
}

/**
 * Begins a retrieval. The body fails in the middle, without a closing boundary, when the PACS does.
 *
 * @throws {HttpProblem} 404 when nothing is held; 406
 */
export async function beginRetrieval(
  pacs: Pacs,
  target: RetrievalTarget,
  accept: string | undefined,
  options: PacsOptions,
): Promise<Retrieval> {
  const wantedSyntax = acceptedSyntax(accept);
  const instances: InstanceSummary[] = [];
  for await (const instance of pacs.findInstances(target.studyInstanceUid, options)) {
    if (isWanted(instance, target)) instances.push(instance);
  }
  const source = each(pacs, target.studyInstanceUid, instances, options);
  const first = await source.next();
  if (first.done === true) throw new HttpProblem(404, 'nothing is held under this UID');
  if (wantedSyntax !== '*' && first.value.transferSyntaxUid !== wantedSyntax) {
    await source.return(undefined);
    throw new HttpProblem(406, 'data sets are sent in the transfer syntax they are stored in');
  }
  const boundary = newBoundary();
  return {
    contentType: `multipart/related; type="application/dicom"; boundary=${boundary}`,
    chunks: bodyOf(first.value, source, boundary),
  };
}

interface NamedInstance extends RetrievedInstance {
  readonly sopInstanceUid: Uid;
  readonly sopClassUid: Uid;
}

/** One by one, as a retrieved instance does not say which it is, and a file needs its UIDs. */
async function* each(
  pacs: Pacs,
  studyInstanceUid: Uid,
  instances: readonly InstanceSummary[],
  options: PacsOptions,
): AsyncGenerator<NamedInstance, void, undefined> {
  for (const instance of instances) {
    for await (const retrieved of pacs.retrieve(studyInstanceUid, { ...options, instances: [instance] })) {
      const { sopClassUid, sopInstanceUid } = instance;
      if (sopClassUid !== undefined) {
        yield { ...retrieved, sopClassUid, sopInstanceUid };
        continue;
      }
      const { identity, dataSet } = await peekDataSet(retrieved.dataSet, retrieved.transferSyntaxUid, options);
      yield { ...retrieved, dataSet, sopClassUid: identity.sopClassUid, sopInstanceUid };
    }
  }
}

async function* bodyOf(
  first: NamedInstance,
  rest: AsyncGenerator<NamedInstance, void, undefined>,
  boundary: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    let instance: NamedInstance = first;
    for (;;) {
      yield Buffer.concat([partHead(boundary, 'application/dicom', undefined), part10Header(instance)]);
      yield* instance.dataSet;
      const next = await rest.next();
      if (next.done === true) break;
      instance = next.value;
    }
    yield closing(boundary);
  } finally {
    await rest.return(undefined);
  }
}

function isWanted(instance: InstanceSummary, { seriesInstanceUid, sopInstanceUid }: RetrievalTarget): boolean {
  return (
    (seriesInstanceUid === undefined || instance.seriesInstanceUid === seriesInstanceUid) &&
    (sopInstanceUid === undefined || instance.sopInstanceUid === sopInstanceUid)
  );
}

/** The transfer syntax a client insists on, `*` when it takes what there is. @throws {HttpProblem} 406 */
function acceptedSyntax(accept: string | undefined): string {
  const ranges = (accept ?? '*/*').split(',').map((range) => parseMediaType(range.replace(/^\s*\*\/\*/, 'x/any')));
  for (const range of ranges) {
    const isAny = range?.type === 'x/any' || range?.type === 'multipart/*' || range?.type === 'application/*';
    const isDicom =
      range?.type === 'application/dicom' ||
      (range?.type === 'multipart/related' &&
        (range.parameters.get('type') ?? 'application/dicom') === 'application/dicom');
    if (isAny || isDicom) return range.parameters.get('transfer-syntax') ?? '*';
  }
  throw new HttpProblem(406, 'only multipart/related of application/dicom is sent');
}
