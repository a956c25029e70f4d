/**
 * Changes top-level elements of a data set without touching any other byte: a plan of what to copy and what to write, whose
 * length is known before the first byte goes out (Content-Length, last P-DATA fragment), and the stream that follows it.
 *
 * Only headers are read for the plan. New elements are written in the data set's own VR form.
 */
import { DicomError } from '../errors/interhosp-error.ts';
import { isInterhospError } from '../errors/interhosp-error.ts';
import type { Inflate } from '../world/inflate.ts';
import { webInflate } from '../world/web-inflate.ts';
import { windowedSource, type ByteSource } from './byte-source.ts';
import { ASCII_CHARACTER_SET, characterSetOf } from './character-set.ts';
import { characterSetTextsOf, encodeNewElement, type ElementValue } from './element.ts';
import { withDataSet, type OpenDataSet } from './data-set.ts';
import type { VrForm } from './encode.ts';
import { scanHeader, type HeaderScan } from './header-scan.ts';
import { inflatedSource } from './inflated-source.ts';
import { DICOM_LIMITS } from './limits.ts';
import { copied, joined } from './pieces.ts';
import { decideCharacterSet, type CharacterSetDecision, type CharacterSetPolicy } from './splice-character-set.ts';
import { formatTag, groupOf, isGroupLength, TAGS, type Tag } from './tag.ts';
import { isDeflated } from './transfer-syntax.ts';
import type { Uid } from './uid.ts';
import { readValue, walkElements, type ElementSpan } from './walk.ts';
import { malformed } from './walker.ts';

/** One change of a top-level element. */
export type ElementEdit =
  /** Replaces the element, or inserts it where it belongs. */
  | { readonly kind: 'set'; readonly tag: Tag; readonly value: ElementValue }
  /** Removes the element; one that is absent is no error. */
  | { readonly kind: 'remove'; readonly tag: Tag };

/** A run of the result: bytes of the source, or new ones. */
export type SpliceSegment =
  | { readonly kind: 'copy'; readonly from: number; readonly to: number }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array };

/** What the result is made of, in order. */
export interface SplicePlan {
  readonly segments: readonly SpliceSegment[];
  /** Of the result as it goes out. */
  readonly lengthBytes: number;
  /** Set where the segments are those of the inflated data set, and the result is deflated again with it. */
  readonly inflate?: Inflate;
}

/** Options of {@link planSplice}. */
export interface SpliceOptions extends CharacterSetPolicy {
  /**
   * Walks on to the end of the data set, so that one that is cut short, or repeats an edited element behind its place, is
   * refused. Default true; false spares the reads where that was checked before (study/cut.ts).
   */
  readonly checkToEnd?: boolean;
  /** For deflated data sets; default: the streams of the web platform. */
  readonly inflate?: Inflate;
  readonly signal?: AbortSignal;
}

/**
 * Plans some edits. The same source and edits give the same plan; no edit gives the source as it is.
 *
 * Group lengths of edited groups are dropped (retired, PS3.5 7.2, and wrong after an edit). An edit of Specific Character
 * Set itself decides the character set of all others, and the caller answers for the text that stays.
 *
 * @throws {DicomError} `DICOM_MALFORMED`, also for elements that are out of order or repeated up to the last edit;
 *   `DICOM_TRUNCATED`; `DICOM_LIMIT`; `DICOM_CHARSET`; `DICOM_CHARSET_UNDECLARED`; `DICOM_VALUE_INVALID`.
 */
export async function planSplice(
  source: ByteSource,
  transferSyntaxUid: Uid,
  edits: readonly ElementEdit[],
  options: SpliceOptions = {},
): Promise<SplicePlan> {
  return withDataSet(source, transferSyntaxUid, options, async (dataSet) => {
    await dataSet.measure();
    const plan = await planPlain(dataSet, edits, options);
    return isDeflated(transferSyntaxUid) ? deflatedPlan(plan, source, dataSet.source.lengthBytes, options) : plan;
  });
}

async function planPlain(
  { form, source }: OpenDataSet,
  edits: readonly ElementEdit[],
  options: SpliceOptions,
): Promise<SplicePlan> {
  const byTag = editsByTag(edits);
  // A change of character set may come on top of the edits.
  const lastTag = edits.length === 0 ? 0 : Math.max(TAGS.SpecificCharacterSet, ...byTag.keys());
  const spans = await orderedSpans(source, form, lastTag, options);
  const { characterSet, declaration } = await characterSetFor(source, form, spans, byTag, options);
  if (declaration !== undefined) {
    const value = { vr: 'CS', text: declaration } as const;
    byTag.set(TAGS.SpecificCharacterSet, { kind: 'set', tag: TAGS.SpecificCharacterSet, value });
  }
  const encoded = new Map<Tag, Uint8Array | undefined>();
  for (const [tag, edit] of byTag) {
    encoded.set(tag, edit.kind === 'remove' ? undefined : encodeNewElement(form, edit, characterSet));
  }
  return mergePlan(source, spans, encoded);
}

/**
 * What goes out for a plan over the inflated elements of a deflated data set. How long that is only deflating it tells, so it
 * is deflated twice: once to be counted, here, and once to be sent.
 *
 * @param source - The deflated data set.
 * @param inflatedBytes - What it holds in all: by this alone a plan that cuts off an end differs from one that changes nothing.
 */
export async function deflatedPlan(
  plan: SplicePlan,
  source: ByteSource,
  inflatedBytes: number,
  { inflate = webInflate, signal }: { readonly inflate?: Inflate; readonly signal?: AbortSignal },
): Promise<SplicePlan> {
  // What nobody changes stays deflated as it was.
  const [first] = plan.segments;
  if (first?.kind === 'copy' && first.from === 0 && first.to === inflatedBytes && plan.segments.length === 1) {
    const segments = [{ kind: 'copy', from: 0, to: source.lengthBytes }] as const;
    return { segments, lengthBytes: source.lengthBytes };
  }
  let lengthBytes = 0;
  const signalled = signal === undefined ? {} : { signal };
  for await (const piece of spliceStream({ ...plan, inflate }, source, signalled)) lengthBytes += piece.length;
  return { ...plan, lengthBytes, inflate };
}

/**
 * Yields the result.
 *
 * @param source - The one that was planned for: the deflated data set where it was one.
 * @throws {DicomError} `DICOM_TRUNCATED` when the source has become shorter.
 */
export async function* spliceStream(
  plan: SplicePlan,
  source: ByteSource,
  options: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { inflate } = plan;
  // A header is cut by each edit; its pieces are read at once and go out at once.
  if (inflate === undefined) return yield* joined(segmentsOf(plan, windowedSource(source), options));
  const inflated = inflatedSource(source, { ...options, inflate });
  let lengthBytes = 0;
  try {
    for await (const piece of inflate.deflateRaw(segmentsOf(plan, inflated, options))) {
      lengthBytes += piece.length;
      yield piece;
    }
    // A deflated data set has an even length, too (PS3.5 A.5).
    if (lengthBytes % 2 === 1) yield new Uint8Array(1);
  } finally {
    await inflated.close();
  }
}

async function* segmentsOf(
  plan: SplicePlan,
  source: ByteSource,
  options: { readonly signal?: AbortSignal },
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const segment of plan.segments) {
    if (segment.kind === 'bytes') yield segment.bytes;
    else yield* copied(source, segment.from, segment.to, options.signal);
  }
}

function editsByTag(edits: readonly ElementEdit[]): Map<Tag, ElementEdit> {
  const byTag = new Map<Tag, ElementEdit>();
  for (const edit of edits) {
    if (byTag.has(edit.tag)) {
      throw new DicomError('DICOM_MALFORMED', { details: { tag: formatTag(edit.tag), reason: 'duplicate-edit' } });
    }
    byTag.set(edit.tag, edit);
  }
  return byTag;
}

/**
 * The top-level elements up to a tag, which must be in strict order.
 *
 * @throws {DicomError} as {@link planSplice} does about structure.
 */
export async function orderedSpans(
  source: ByteSource,
  form: VrForm,
  lastTag: Tag,
  { checkToEnd = true, signal }: SpliceOptions,
): Promise<readonly ElementSpan[]> {
  const spans: ElementSpan[] = [];
  let previous: Tag = 0;
  let isBehind = false;
  const stop = checkToEnd ? {} : { stopAfter: lastTag };
  try {
    for await (const span of walkElements(source, form, { ...stop, ...(signal !== undefined && { signal }) })) {
      isBehind ||= span.tag > lastTag;
      if (!isBehind) spans.push(span);
      // Behind the last edit order does not matter, unless an element stands there that belongs before it.
      if (span.tag <= (isBehind ? lastTag : previous)) throw misplaced(span);
      previous = span.tag;
    }
  } catch (error) {
    const isHarmless = isBehind && isInterhospError(error) && error.code === 'DICOM_MALFORMED' && !isMisplaced(error);
    if (!isHarmless) throw error;
  }
  return spans;
}

const MISPLACED = 'order';

function misplaced(span: ElementSpan): DicomError {
  return malformed(MISPLACED, span.tag, span.headerOffset);
}

function isMisplaced(error: { readonly details: { readonly reason?: string } }): boolean {
  return error.details.reason === MISPLACED;
}

async function characterSetFor(
  source: ByteSource,
  form: VrForm,
  spans: readonly ElementSpan[],
  byTag: ReadonlyMap<Tag, ElementEdit>,
  options: SpliceOptions,
): Promise<CharacterSetDecision> {
  const sets = [...byTag.values()].filter((edit) => edit.kind === 'set');
  const own = sets.find((edit) => edit.tag === TAGS.SpecificCharacterSet);
  if (own !== undefined && 'text' in own.value) {
    const characterSet = characterSetOf(own.value.text);
    if (characterSet === undefined) throw new DicomError('DICOM_CHARSET', { details: { tag: formatTag(own.tag) } });
    return { characterSet };
  }
  const texts = sets.flatMap((edit) => characterSetTextsOf(edit.value));
  // No new text is written: what there is stays whatever it is, and is not looked for.
  if (texts.length === 0) return { characterSet: ASCII_CHARACTER_SET };
  const declaredSpan = spans.find((span) => span.tag === TAGS.SpecificCharacterSet);
  const declared =
    declaredSpan === undefined ? undefined : await readValue(source, declaredSpan, DICOM_LIMITS.valueBytes);
  const { signal } = options;
  const scanOptions = { text: true, ...(signal !== undefined && { signal }) };
  const scan = (which: 'all' | 'staying'): Promise<HeaderScan> =>
    scanHeader(
      source,
      form,
      which === 'all' ? scanOptions : { ...scanOptions, skip: replacedTags(byTag), guess: true },
    );
  return decideCharacterSet(declared, texts, scan, options);
}

/** Elements of whose old value nothing stays; a new value that was given as bytes may repeat some of it. */
function replacedTags(byTag: ReadonlyMap<Tag, ElementEdit>): ReadonlySet<Tag> {
  const isNew = (value: ElementValue): boolean =>
    'text' in value ||
    'numbers' in value ||
    ('items' in value &&
      value.items.every((item) => !('itemBytes' in item) && item.every((element) => isNew(element.value))));
  const replaced = [...byTag.values()].filter((edit) => edit.kind === 'remove' || isNew(edit.value));
  return new Set(replaced.map((edit) => edit.tag));
}

/** Lays new elements (undefined: removed ones) by tag between the spans they belong among. */
export function mergePlan(
  source: ByteSource,
  spans: readonly ElementSpan[],
  encoded: ReadonlyMap<Tag, Uint8Array | undefined>,
): SplicePlan {
  const editedGroups = new Set([...encoded.keys()].map(groupOf));
  const builder = createPlanBuilder();
  const insertions = [...encoded].toSorted(([one], [other]) => one - other);
  let next = 0;
  const insertBefore = (tag: Tag): void => {
    for (; next < insertions.length && (insertions[next]?.[0] ?? 0) < tag; next++) {
      builder.bytes(insertions[next]?.[1]);
    }
  };
  let end = 0;
  for (const span of spans) {
    insertBefore(span.tag);
    end = span.endOffset;
    if (encoded.has(span.tag)) {
      builder.bytes(encoded.get(span.tag));
      next++;
    } else if (!isGroupLength(span.tag) || !editedGroups.has(groupOf(span.tag))) {
      builder.copy(span.headerOffset, span.endOffset);
    }
  }
  insertBefore(Infinity);
  builder.copy(end, source.lengthBytes);
  return builder.plan();
}

interface PlanBuilder {
  copy(from: number, to: number): void;
  bytes(bytes: Uint8Array | undefined): void;
  plan(): SplicePlan;
}

function createPlanBuilder(): PlanBuilder {
  const segments: SpliceSegment[] = [];
  let lengthBytes = 0;
  return {
    copy(from, to) {
      if (from >= to) return;
      lengthBytes += to - from;
      const last = segments.at(-1);
      if (last?.kind === 'copy' && last.to === from) segments[segments.length - 1] = { ...last, to };
      else segments.push({ kind: 'copy', from, to });
    },
    bytes(bytes) {
      if (bytes === undefined) return;
      lengthBytes += bytes.length;
      segments.push({ kind: 'bytes', bytes });
    },
    plan: () => ({ segments, lengthBytes }),
  };
}
