/**
 * Sound as Basic Voice Audio (PS3.3 A.34.2: 8 kHz, 8 bits), or else General Audio Waveform (A.34.10: 16 bits, up to
 * 44.1 kHz): the samples, byte for byte, without the RIFF around them.
 */
import { TRANSFER_SYNTAXES, type Uid } from '@interhosp/core/dicom';
import { attributes, codeItem, type Attributes } from './attributes.ts';
import { commonModules, needed, setValue, type Subject } from './common-modules.ts';
import { withItemValue, type ComposedObject } from './composed.ts';
import { derivedUid } from './derived-uid.ts';
import type { Keyword } from './keywords.ts';
import { unsupported } from './refusal.ts';
import type { Sound } from './wav.ts';

const BASIC_VOICE = '1.2.840.10008.5.1.4.1.1.9.4.1' as Uid;
const GENERAL_AUDIO = '1.2.840.10008.5.1.4.1.1.9.4.2' as Uid;
const VOICE_RATE = 8_000;
const MAX_GENERAL_RATE = 44_100;
const WAVEFORM_SEQUENCE = 0x54000100;
const WAVEFORM_DATA = 0x54001010;

/** What is heard (CID 3000). */
const VOICE = { CodeValue: '109110', CodingSchemeDesignator: 'DCM', CodeMeaning: 'Voice' };

/** Equipment attributes that General Audio must have (C.7.5.2), where the sidecar says nothing of the recorder. */
const IMPORTER = {
  Manufacturer: 'Interhosp',
  ManufacturerModelName: 'Folder import',
  DeviceSerialNumber: '0',
  SoftwareVersions: '1',
} as const satisfies Partial<Record<Keyword, string>>;

/** @throws {ImportError} `IMPORT_VALUE_MISSING` without a time of recording; `IMPORT_UNSUPPORTED` */
export function soundObject(subject: Subject, sound: Sound): ComposedObject {
  const sopClassUid = classOf(sound);
  const { values } = subject.said;
  if ((values.get('Modality') ?? 'AU') !== 'AU') throw unsupported('modality');
  const level = commonModules({ sopClassUid, modality: 'AU' }, subject);
  identification(level, subject);
  level.sequence(0x00400555);
  if (sopClassUid === GENERAL_AUDIO) {
    for (const [keyword, value] of Object.entries(IMPORTER) as [Keyword, string][]) {
      setValue(level, subject, keyword, values.get(keyword) ?? value);
    }
    synchronization(level, subject);
  }
  const vr = sound.bitsPerSample === 8 ? 'OB' : 'OW';
  return {
    sopClassUid,
    transferSyntaxUid: TRANSFER_SYNTAXES.ExplicitVRLittleEndian,
    parts: withItemValue(level, WAVEFORM_SEQUENCE, group(sound), WAVEFORM_DATA, vr, sound),
  };
}

function classOf({ interpretation, samplesPerSecond }: Sound): Uid {
  if (interpretation !== 'SS') {
    if (samplesPerSecond !== VOICE_RATE) throw unsupported('rate');
    return BASIC_VOICE;
  }
  if (samplesPerSecond > MAX_GENERAL_RATE) throw unsupported('rate');
  return GENERAL_AUDIO;
}

/** Waveform Identification (C.10.8): when it was recorded is said, or known of the study, and never a file's own date. */
function identification(level: Attributes, subject: Subject): void {
  const { placement, said } = subject;
  const acquired = said.values.get('AcquisitionDateTime') ?? '';
  const date = needed(
    said.values.get('ContentDate') ?? (acquired.slice(0, 8) || placement.values.get('StudyDate')),
    'ContentDate',
  );
  const time = needed(
    said.values.get('ContentTime') ?? (timeOf(acquired) || placement.values.get('StudyTime')),
    'ContentTime',
  );
  setValue(level, subject, 'ContentDate', date);
  setValue(level, subject, 'ContentTime', time);
  setValue(level, subject, 'AcquisitionDateTime', acquired === '' ? `${date}${time}` : acquired);
}

/** Synchronization (C.7.4.2): of this recording alone, with nothing. */
function synchronization(level: Attributes, { digest, placement }: Subject): void {
  level.text(0x00200200, 'UI', derivedUid('synchronization', placement.studyInstanceUid, digest));
  level.text(0x0018106a, 'CS', 'NO TRIGGER');
  level.text(0x00181800, 'CS', 'N');
}

/** Waveform (C.10.9): one multiplex group. */
function group({ bitsPerSample, channels, interpretation, samples, samplesPerSecond }: Sound): Attributes {
  const item = attributes();
  item.text(0x003a0004, 'CS', 'ORIGINAL');
  item.numbers(0x003a0005, 'US', channels);
  item.numbers(0x003a0010, 'UL', samples);
  item.text(0x003a001a, 'DS', String(samplesPerSecond));
  item.sequence(0x003a0200, ...Array.from({ length: channels }, () => channel(bitsPerSample)));
  item.numbers(0x54001004, 'US', bitsPerSample);
  item.text(0x54001006, 'CS', interpretation);
  return item;
}

function channel(bitsPerSample: number): Attributes {
  const item = attributes();
  item.sequence(0x003a0208, codeItem(VOICE));
  item.text(0x003a0215, 'DS', '0');
  item.numbers(0x003a021a, 'US', bitsPerSample);
  return item;
}

function timeOf(dateTime: string): string {
  return /^\d{8}(\d{2}(?:\d{2}(?:\d{2}(?:\.\d{1,6})?)?)?)/.exec(dateTime)?.[1] ?? '';
}
