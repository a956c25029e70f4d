/** What goes to the worker and comes back, as plain data. */
import type { Uid } from '@interhosp/core/dicom';
import type { DictionaryEntry } from './dicom-json.ts';

/** Something to do. */
export type Task =
  | { readonly kind: 'describe'; readonly keywords: readonly string[] }
  | { readonly kind: 'toJson'; readonly dataSet: Uint8Array; readonly transferSyntaxUid: Uid }
  | { readonly kind: 'fromJson'; readonly json: string };

/** What a task gives. */
export interface Results {
  readonly describe: Readonly<Record<string, DictionaryEntry>>;
  readonly toJson: string;
  readonly fromJson: Uint8Array;
}

/** What the worker says: that it is ready, or how a task ended. */
export type Reply =
  | { readonly ready: true }
  | { readonly result: Results[keyof Results] }
  | { readonly problem: 'limit' | 'malformed' | 'value'; readonly reason: string };
