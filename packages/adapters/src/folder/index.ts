export { adapter } from './adapter.ts';
export type { FolderPacsConfig } from './adapter.ts';
export type { FolderReport } from './folder-index.ts';
export { folderPacs } from './folder-pacs.ts';
export type { FolderPacs, FolderPacsOptions } from './folder-pacs.ts';
