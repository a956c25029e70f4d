/** How transactions of storage commitment are kept in files, and read back without belief in them. */
import { tryParseUid, type Uid } from '@interhosp/core/dicom';
import { z } from 'zod';
import { MAX_COMMITMENT_REFERENCES } from '../limits.ts';

/** A UID, checked. */
export const uidSchema = z.string().transform((text, context): Uid => {
  const uid = tryParseUid(text);
  if (uid !== undefined) return uid;
  context.addIssue('no UID');
  return z.NEVER;
});

/** An instance by class and UID. */
export const referenceSchema = z.object({ sopClassUid: uidSchema, sopInstanceUid: uidSchema });

/** The instances of one transaction. */
export const referencesSchema = z.array(referenceSchema).max(MAX_COMMITMENT_REFERENCES);
