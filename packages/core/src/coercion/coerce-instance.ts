/**
 * Coerces one instance: the patient's identity is replaced as one unit by the local record's, what was there is kept in
 * Original Attributes Sequence, and the result is a plan that copies every other byte. The same input gives the same bytes.
 */
import { DicomError } from '../errors/interhosp-error.ts';
import { equalBytes, latin1Text } from '../dicom/bytes.ts';
import { windowedSource, type ByteSource } from '../dicom/byte-source.ts';
import { ASCII_CHARACTER_SET, characterSetOf, isAscii, type CharacterSet } from '../dicom/character-set.ts';
import { characterSetTextsOf, encodeNewElement } from '../dicom/element.ts';
import { withDataSet, type OpenDataSet } from '../dicom/data-set.ts';
import type { VrForm } from '../dicom/encode.ts';
import { scanHeader, type HeaderScan } from '../dicom/header-scan.ts';
import { LAST_SPLICED_TAG } from '../dicom/header-scanner.ts';
import { trimPadding } from '../dicom/padding.ts';
import {
  collectValues,
  interpretIncomplete,
  STUDY_HEADER_TAGS,
  type IncompleteHeader,
} from '../dicom/read-study-header.ts';
import { decideCharacterSet, type CharacterSetDecision } from '../dicom/splice-character-set.ts';
import { deflatedPlan, mergePlan, orderedSpans, type ElementEdit } from '../dicom/splice.ts';
import { formatTag, groupOf, TAGS, type Tag } from '../dicom/tag.ts';
import { isDeflated } from '../dicom/transfer-syntax.ts';
import type { Uid } from '../dicom/uid.ts';
import type { ElementSpan } from '../dicom/walk.ts';
import type { Inflate } from '../world/index.ts';
import type { Coercion, CoercionFlag, CoercionInput } from './coercion.ts';
import { growSequence, readOldElement, type GrownSequence, type OldElement } from './grow-sequence.ts';
import { planCoercion } from './identity-edits.ts';
import { modifyingEquipmentItem } from './modifying-equipment.ts';
import { originalAttributesItem, type PreviousValue } from './original-attributes.ts';
import { otherPatientIds } from './other-patient-ids.ts';

/** Options of {@link coerceInstance}. */
export interface CoerceOptions {
  /** As in `planSplice`: default true; false where study/cut.ts has seen the whole data set. */
  readonly checkToEnd?: boolean;
  /** For deflated data sets; default: the streams of the web platform. */
  readonly inflate?: Inflate;
  readonly signal?: AbortSignal;
}

/**
 * Plans the coercion of one instance.
 *
 * Identifiers of study, series and instance may be missing: a flag says so, and whoever sends or files refuses it.
 *
 * @throws {DicomError} `DICOM_TRUNCATED`, `DICOM_MALFORMED`, `DICOM_LIMIT`: the instance is quarantined. `DICOM_CHARSET`,
 *   `DICOM_CHARSET_UNDECLARED`. `DICOM_VALUE_INVALID`: the local record or order holds what no element can.
 */
export async function coerceInstance(
  source: ByteSource,
  transferSyntaxUid: Uid,
  input: CoercionInput,
  options: CoerceOptions = {},
): Promise<Coercion> {
  return withDataSet(source, transferSyntaxUid, options, async (dataSet) => {
    await dataSet.measure();
    const coercion = await coercePlain(dataSet, input, options);
    if (!isDeflated(transferSyntaxUid)) return coercion;
    return { ...coercion, plan: await deflatedPlan(coercion.plan, source, dataSet.source.lengthBytes, options) };
  });
}

async function coercePlain(
  { form, source }: OpenDataSet,
  input: CoercionInput,
  options: CoerceOptions,
): Promise<Coercion> {
  const { policy = {}, systemName = '' } = input;
  if (!isAscii(systemName))
    throw new DicomError('DICOM_VALUE_INVALID', { details: { tag: formatTag(TAGS.ModifyingSystem) } });
  const lastTag = policy.digitalSignatures === 'remove' ? TAGS.DigitalSignaturesSequence : LAST_SPLICED_TAG;
  // The header is walked, read value by value and looked through; a source in sealed blocks should be opened for it once.
  const near = windowedSource(source);
  const spans = await orderedSpans(near, form, lastTag, options);
  const values = await collectValues(near, form, spans, WANTED);
  const headerOptions = {
    nationalNumberIssuers: policy.nationalNumberIssuers ?? [],
    ...(policy.undeclaredCharacterSet !== undefined && { undeclaredCharacterSet: policy.undeclaredCharacterSet }),
  };
  const { header, identity } = interpretIncomplete(values, headerOptions);
  const scan = createScan(near, form, options);
  const work: Work = { form, spans, source: near, input, header };
  const edits = planCoercion(input, header.accessionNumber);
  const grown = await grownSequences(work);
  const decision = await decide(work, edits, grown, scan, values.get(TAGS.SpecificCharacterSet)?.bytes);
  const encoded = await encodeChanges(work, edits, grown, decision);
  const burnedIn = latin1Text(values.get(BURNED_IN_ANNOTATION)?.bytes ?? new Uint8Array(0)).startsWith('YES');
  const found = await scan('tags');
  return {
    plan: mergePlan(source, spans, encoded),
    changed: [...encoded.keys()].toSorted((one, other) => one - other).map(formatTag),
    flags: flagsOf(found, {
      burnedIn,
      identity,
      signed: policy.digitalSignatures !== 'remove',
    }),
  };
}

const BURNED_IN_ANNOTATION: Tag = 0x00280301;
const WANTED: ReadonlySet<Tag> = new Set([...STUDY_HEADER_TAGS, BURNED_IN_ANNOTATION]);
/** Structured reports, encapsulated documents and presentation states: their content may name the patient. */
const SPEAKING_SOP_CLASSES = ['1.2.840.10008.5.1.4.1.1.88.', '1.2.840.10008.5.1.4.1.1.104.'];
const IDENTIFIERS = ['studyInstanceUid', 'seriesInstanceUid', 'sopInstanceUid', 'sopClassUid'] as const;
/** What a coercion adds about itself is not among what it replaced. */
const NOT_LISTED: ReadonlySet<Tag> = new Set([TAGS.OriginalAttributesSequence]);

/** What the steps share. */
interface Work {
  readonly form: VrForm;
  readonly spans: readonly ElementSpan[];
  readonly source: ByteSource;
  readonly input: CoercionInput;
  readonly header: IncompleteHeader['header'];
}

type Scan = (which: 'all' | 'staying' | 'tags') => Promise<HeaderScan>;

/** Sequences whose earlier items stay are looked into even when the text that stays is looked for. */
const REPLACED: ReadonlySet<Tag> = new Set([
  TAGS.PatientName,
  TAGS.PatientID,
  TAGS.IssuerOfPatientID,
  TAGS.PatientBirthName,
  TAGS.PatientAddress,
  TAGS.PatientTelephoneNumbers,
  TAGS.AccessionNumber,
  TAGS.OtherPatientIDs,
  TAGS.OtherPatientNames,
  TAGS.PatientComments,
  TAGS.PatientMotherBirthName,
  TAGS.RequestAttributesSequence,
  TAGS.RequestedProcedureDescription,
]);

function createScan(source: ByteSource, form: VrForm, { checkToEnd = true, signal }: CoerceOptions): Scan {
  const signalled = signal === undefined ? {} : { signal };
  let last: HeaderScan | undefined;
  return async (which) => {
    // Tags were seen on the way by any other scan.
    if (which === 'tags' && last !== undefined) return last;
    const how = which === 'tags' ? { text: false, stopAtFragments: !checkToEnd } : { text: true };
    const skip = which === 'staying' ? { skip: REPLACED, guess: true } : {};
    last = await scanHeader(source, form, { ...signalled, ...skip, ...how });
    return last;
  };
}

async function grownSequences({ source, spans, input, header }: Work): Promise<readonly GrownSequence[]> {
  const old = (tag: Tag): Promise<OldElement | undefined> => oldElement(source, spans, tag);
  return [
    otherPatientIds(input, header.patient, await old(TAGS.OtherPatientIDsSequence)),
    {
      tag: TAGS.ContributingEquipmentSequence,
      old: await old(TAGS.ContributingEquipmentSequence),
      add: () => [
        modifyingEquipmentItem(input.receiver, input.time, `Patient identity replaced on import from ${input.sender}`),
      ],
    },
  ];
}

function decide(
  { form, input }: Work,
  edits: readonly ElementEdit[],
  grown: readonly GrownSequence[],
  scan: Scan,
  declared: Uint8Array | undefined,
): Promise<CharacterSetDecision> {
  const added = grown.flatMap(({ add }) => add(form)).flat();
  const values = [
    ...edits.flatMap((edit) => (edit.kind === 'set' ? [edit.value] : [])),
    ...added.map((one) => one.value),
  ];
  return decideCharacterSet(declared, values.flatMap(characterSetTextsOf), scan, input.policy);
}

/** New bytes by tag for everything that differs, undefined for what is removed. */
async function encodeChanges(
  work: Work,
  edits: readonly ElementEdit[],
  grown: readonly GrownSequence[],
  decision: CharacterSetDecision,
): Promise<ReadonlyMap<Tag, Uint8Array | undefined>> {
  const { form, source, spans, input } = work;
  const { characterSet, declaration } = decision;
  const encoded = new Map<Tag, Uint8Array | undefined>();
  const previous: PreviousValue[] = [];
  const change = async (tag: Tag, bytes: Uint8Array | undefined): Promise<void> => {
    const old = await oldElement(source, spans, tag);
    if (old === undefined ? bytes === undefined : bytes !== undefined && equalBytes(bytes, old.elementBytes)) return;
    encoded.set(tag, bytes);
    if (!NOT_LISTED.has(tag) && (old !== undefined || isListedWhenAbsent(tag))) previous.push({ tag, old });
  };
  if (declaration !== undefined) {
    const value = { vr: 'CS', text: declaration } as const;
    await change(
      TAGS.SpecificCharacterSet,
      encodeNewElement(form, { tag: TAGS.SpecificCharacterSet, value }, characterSet),
    );
  }
  for (const edit of edits) {
    await change(edit.tag, edit.kind === 'remove' ? undefined : encodeNewElement(form, edit, characterSet));
  }
  for (const sequence of grown) await change(sequence.tag, growSequence(form, sequence, characterSet));
  const listed = await withIssuer(work, previous);
  const before = await oldCharacterSet(work);
  const tag = TAGS.OriginalAttributesSequence;
  const add = (inner: VrForm) => [
    originalAttributesItem(input, listed, { dataSet: form, inner, characterSet: before }),
  ];
  const old = await oldElement(source, spans, tag);
  encoded.set(tag, growSequence(form, { tag, old, add }, characterSet));
  return encoded;
}

/** Absent before and set now: listed empty, so that an undo knows to remove it. */
function isListedWhenAbsent(tag: Tag): boolean {
  return groupOf(tag) === 0x0010 || tag === TAGS.SpecificCharacterSet;
}

/** Patient ID is never listed without its issuer, even when the issuer is the same or was absent. */
async function withIssuer(
  { source, spans }: Work,
  previous: readonly PreviousValue[],
): Promise<readonly PreviousValue[]> {
  const has = (tag: Tag): boolean => previous.some((one) => one.tag === tag);
  const [tag, id] = [TAGS.IssuerOfPatientID, TAGS.PatientID];
  if (!has(id) || has(tag)) return previous;
  return [...previous, { tag, old: await oldElement(source, spans, tag) }];
}

async function oldCharacterSet({ source, spans, input }: Work): Promise<CharacterSet> {
  const old = await oldElement(source, spans, TAGS.SpecificCharacterSet);
  const declared = trimPadding(latin1Text(old?.value ?? new Uint8Array(0)));
  const term = declared === '' ? input.policy?.undeclaredCharacterSet : declared;
  return characterSetOf(term) ?? ASCII_CHARACTER_SET;
}

function oldElement(source: ByteSource, spans: readonly ElementSpan[], tag: Tag): Promise<OldElement | undefined> {
  return readOldElement(
    source,
    spans.find((one) => one.tag === tag),
  );
}

function flagsOf(
  found: HeaderScan,
  {
    burnedIn,
    identity,
    signed,
  }: { readonly burnedIn: boolean; readonly identity: IncompleteHeader['identity']; readonly signed: boolean },
): readonly CoercionFlag[] {
  const isSpeaking = SPEAKING_SOP_CLASSES.some((prefix) => identity.sopClassUid?.startsWith(prefix) === true);
  const flags: CoercionFlag[] = [];
  if (burnedIn || isSpeaking || found.hasNestedIdentity) flags.push('contains-source-identifiers');
  if (signed && found.hasDigitalSignature) flags.push('digital-signatures-invalid');
  if (!found.isComplete) flags.push('structure-unreadable');
  if (IDENTIFIERS.some((name) => identity[name] === undefined)) flags.push('identifiers-missing');
  return flags;
}
