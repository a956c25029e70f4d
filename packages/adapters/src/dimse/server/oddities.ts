/**
 * What can be odd about the query and retrieve services of a PACS, on request. Each has been seen in a real one; tests set
 * them, also while the server runs.
 */

/** Everything is optional; an empty object is a PACS as the standard describes it. */
export interface DimseOddities {
  /** Answers every study, series or instance of the level, whatever the keys. */
  readonly ignoresKeys?: boolean;
  /** Gives each answer twice. */
  readonly repeatsAnswers?: boolean;
  /** Ends queries and retrievals with this status instead of what is due; queries without an answer before. */
  readonly finalStatus?: number;
  /** Refuses, as out of resources, a query that has more answers, after these. */
  readonly mostAnswers?: number;
  /** Says nothing for so long before the first answer or sub-operation: an archive that fetches a tape. */
  readonly silentMs?: number;
  /** Pauses before each answer and each sub-operation. */
  readonly delayMs?: number;
  /** Takes a list of UIDs for no key at all and finds nothing. */
  readonly knowsNoLists?: boolean;
  /** Sends the whole study, whatever instances are asked for. */
  readonly sendsWholeStudies?: boolean;
  /** Leaves out every n-th instance and ends as if it were sent. */
  readonly omitEvery?: number;
  /** Tells counts of sub-operations that have nothing to do with what was sent. */
  readonly miscounts?: boolean;
  /** Gives no answer but the last one. */
  readonly omitsPending?: boolean;
  /** C-MOVE: says that it is done when the first instance is sent, and sends the others. */
  readonly endsEarly?: boolean;
  /** C-MOVE: sends everything, and never says that it is done. */
  readonly neverEnds?: boolean;
  /** C-MOVE: leaves Move Originator out, or puts itself in. */
  readonly originator?: 'none' | 'itself';
  /** C-MOVE: sends over so many associations at the same time. */
  readonly moveAssociations?: number;
  /** Aborts everything of a retrieval after so many instances. */
  readonly breaksAfter?: number;
  /** Takes associations and refuses every context of these SOP classes. */
  readonly refusedClasses?: readonly string[];
  /** Ignores a request to cancel. */
  readonly ignoresCancel?: boolean;
}
