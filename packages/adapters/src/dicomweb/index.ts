export { adapter } from './adapter.ts';
export type { DicomwebPacsConfig } from './adapter.ts';
export type { AuthOptions } from './credentials.ts';
export { dicomwebPacs } from './dicomweb-pacs.ts';
export type { DicomwebPacs, DicomwebPacsOptions } from './dicomweb-pacs.ts';
export type { TlsMaterial } from './http-client.ts';
export type { DicomwebProfile } from './learned.ts';
export { dicomwebServer } from './server.ts';
export type { DicomwebServer, DicomwebServerOptions } from './server.ts';
