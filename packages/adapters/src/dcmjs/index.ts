export { createDcmjs } from './client.ts';
export type { DcmjsCallOptions, DcmjsClient, DcmjsOptions } from './client.ts';
export type { DicomJson, DicomJsonAttribute, DicomJsonValue, DictionaryEntry } from './dicom-json.ts';
