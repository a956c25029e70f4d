/** Limits and defaults of the HL7 feed, each with its reason. */

/** Bytes of one message. An ADT message has a few kilobytes; some carry a portrait or a long list of observations. */
export const MESSAGE_BYTES = 1_048_576;
/** Bytes outside a block that are skipped, once in the life of a connection; what sends more speaks no MLLP. */
export const SKIPPED_BYTES = 1_024;
/** Segments of one message. */
export const MOST_SEGMENTS = 5_000;
/** Patients of one message: only merges and changes of identifier have more than one. */
export const MOST_PATIENTS = 250;
/** Fields of a segment that are looked at; PID has 40. */
export const MOST_FIELDS = 64;
/** Repetitions of one field. */
export const MOST_REPETITIONS = 64;
/** Components of a repetition, and subcomponents of a component; XPN and XAD have the most, some 25. */
export const MOST_COMPONENTS = 32;
/** Characters of one value. An index must not be filled through a name. */
export const MOST_VALUE_CHARACTERS = 512;
/** Characters of a Patient ID, which must fit DICOM's (LO). */
export const MOST_ID_CHARACTERS = 64;
/** Identifiers beside the Patient ID that are kept. */
export const MOST_OTHER_IDS = 32;
/** Characters of the header, and of each field of it that is repeated in the answer; HL7 2.9 allows 199 for a control ID. */
export const HEADER_CHARACTERS = 4_096;
export const ECHOED_CHARACTERS = 256;

/** Connections from which a message was taken. A hospital has one feed, or a few from different engines. */
export const CONNECTIONS = 64;
/** Connections from which none was taken yet; of more the oldest goes, so that the silent never keep anybody out. */
export const STRANGERS = 64;
/** Time for the first message of a connection, and for the handshake before it. */
export const FIRST_MESSAGE_MS = 60_000;
/** Time from the first to the last byte of a message. */
export const WHOLE_MESSAGE_MS = 60_000;
/** Silence after which a connection is taken for dead; engines keep theirs open through the night. */
export const IDLE_MS = 43_200_000;
/** Time to the first probe of a silent connection, by which TCP notices that the other machine is gone. */
export const KEEP_ALIVE_MS = 60_000;
/** Time in which an answer must be taken by the sender. */
export const ANSWER_MS = 30_000;
/** Time for a message that is being applied when the feed stops. */
export const STOP_WITHIN_MS = 5_000;

/** Identifier types (HL7 table 0203) that are national numbers. */
export const NATIONAL_ID_TYPES: readonly string[] = ['NNBEL', 'NN', 'SS'];
/** Identifier types of a hospital's own patient numbers, beside none; visits and accounts are numbered by it as well. */
export const PATIENT_ID_TYPES: readonly string[] = ['PI', 'MR', 'PT'];
