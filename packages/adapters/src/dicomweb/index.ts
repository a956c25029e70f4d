export { dicomwebPacs } from './dicomweb-pacs.ts';
export type { DicomwebPacsOptions } from './dicomweb-pacs.ts';
export { dicomwebServer } from './server.ts';
export type { DicomwebServer, DicomwebServerOptions } from './server.ts';
