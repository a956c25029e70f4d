export { dicomwebPacs } from './dicomweb-pacs.ts';
export type { DicomwebPacsOptions } from './dicomweb-pacs.ts';
