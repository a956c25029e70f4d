/** DIMSE status codes (PS3.7 annex C; PS3.4 B.2.3, C.4) and what they mean to us. */

/** The codes that code names. */
export const STATUS = {
  success: 0x0000,
  cancelled: 0xfe00,
  pending: 0xff00,
  /** Matches go on, though some optional keys are not supported. */
  pendingWithWarning: 0xff01,
  outOfResources: 0xa700,
  outOfResourcesSubOperations: 0xa702,
  moveDestinationUnknown: 0xa801,
  dataSetDoesNotMatchSopClass: 0xa900,
  cannotUnderstand: 0xc000,
  coercionOfElements: 0xb000,
  subOperationsWithFailures: 0xb000,
  processingFailure: 0x0110,
  duplicateSopInstance: 0x0111,
  noSuchInstance: 0x0112,
  noSuchEventType: 0x0113,
  invalidArgument: 0x0115,
  sopClassNotSupported: 0x0122,
  noSuchActionType: 0x0123,
  notAuthorized: 0x0124,
  unrecognizedOperation: 0x0211,
  mistypedArgument: 0x0212,
  resourceLimitation: 0x0213,
} as const;

/** Whether matches or sub-operations go on. */
export function isPending(status: number): boolean {
  return status === STATUS.pending || status === STATUS.pendingWithWarning;
}

/** Whether a status is a warning: done, with a remark (PS3.7 C.4; 0x0001, 0x0107 and 0x0116, and Bxxx). */
export function isWarning(status: number): boolean {
  return status >>> 12 === 0xb || status === 0x0001 || status === 0x0107 || status === 0x0116;
}
