/**
 * Command sets (PS3.7 6.3.1, annex E): the head of every DIMSE message, as a value and as bytes. Always Implicit VR
 * Little Endian, whatever the presentation context says.
 */
import { latin1Bytes, latin1Text, readUint32 } from './little-endian.ts';
import { tryParseUid, type Uid } from '@interhosp/core/dicom';
import { ABORT_REASONS, ProtocolError } from './protocol-error.ts';

/** Command Field (0000,0100), PS3.7 table E.1-1. Responses have the high bit. */
export const COMMANDS = {
  storeRequest: 0x0001,
  storeResponse: 0x8001,
  getRequest: 0x0010,
  getResponse: 0x8010,
  findRequest: 0x0020,
  findResponse: 0x8020,
  moveRequest: 0x0021,
  moveResponse: 0x8021,
  echoRequest: 0x0030,
  echoResponse: 0x8030,
  eventReportRequest: 0x0100,
  eventReportResponse: 0x8100,
  actionRequest: 0x0130,
  actionResponse: 0x8130,
  cancelRequest: 0x0fff,
} as const;

/** Priority (0000,0700). */
export const PRIORITIES = { medium: 0x0000, high: 0x0001, low: 0x0002 } as const;

/** A command set. Which fields a command has stands in PS3.7 9.3 and 10.3. */
export interface Command {
  /** Usually one of {@link COMMANDS}; a peer may send any number. */
  readonly field: number;
  readonly messageId?: number;
  readonly respondedTo?: number;
  readonly affectedSopClassUid?: Uid;
  readonly requestedSopClassUid?: Uid;
  readonly affectedSopInstanceUid?: Uid;
  readonly requestedSopInstanceUid?: Uid;
  readonly priority?: number;
  readonly status?: number;
  readonly moveDestination?: string;
  readonly moveOriginatorAe?: string;
  readonly moveOriginatorMessageId?: number;
  readonly remaining?: number;
  readonly completed?: number;
  readonly failed?: number;
  readonly warnings?: number;
  readonly eventTypeId?: number;
  readonly actionTypeId?: number;
}

/** A command set as received, with what follows it. */
export interface ReceivedCommand extends Command {
  /** Whether a data set follows (0000,0800). */
  readonly hasDataSet: boolean;
}

const US = entries({
  field: 0x0100,
  messageId: 0x0110,
  respondedTo: 0x0120,
  priority: 0x0700,
  status: 0x0900,
  eventTypeId: 0x1002,
  actionTypeId: 0x1008,
  remaining: 0x1020,
  completed: 0x1021,
  failed: 0x1022,
  warnings: 0x1023,
  moveOriginatorMessageId: 0x1031,
});
const UI = entries({
  affectedSopClassUid: 0x0002,
  requestedSopClassUid: 0x0003,
  affectedSopInstanceUid: 0x1000,
  requestedSopInstanceUid: 0x1001,
});
const AE = entries({ moveDestination: 0x0600, moveOriginatorAe: 0x1030 });

const GROUP_LENGTH = 0x0000;
const COMMAND_FIELD = 0x0100;
const DATA_SET_TYPE = 0x0800;
/** Any other value says that a data set follows. */
const NO_DATA_SET = 0x0101;
const HAS_DATA_SET = 0x0001;
const ELEMENT_HEADER_BYTES = 8;

/** A command set as bytes, in order of tags, with its group length. */
export function encodeCommand(command: Command, hasDataSet: boolean): Uint8Array {
  const elements: (readonly [element: number, value: Uint8Array])[] = [
    [DATA_SET_TYPE, uint16(hasDataSet ? HAS_DATA_SET : NO_DATA_SET)],
  ];
  for (const [name, element] of US) {
    const value = command[name];
    if (value !== undefined) elements.push([element, uint16(value)]);
  }
  for (const [name, element] of UI) {
    const value = command[name];
    if (value !== undefined) elements.push([element, even(latin1Bytes(value), 0x00)]);
  }
  for (const [name, element] of AE) {
    const value = command[name];
    if (value !== undefined) elements.push([element, even(latin1Bytes(value), 0x20)]);
  }
  elements.sort(([one], [other]) => one - other);
  const lengthBytes = elements.reduce((sum, [, value]) => sum + ELEMENT_HEADER_BYTES + value.length, 0);
  const bytes = new Uint8Array(ELEMENT_HEADER_BYTES + 4 + lengthBytes);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [element, value] of [[GROUP_LENGTH, uint32(lengthBytes)] as const, ...elements]) {
    view.setUint16(at + 2, element, true);
    view.setUint32(at + 4, value.length, true);
    bytes.set(value, at + ELEMENT_HEADER_BYTES);
    at += ELEMENT_HEADER_BYTES + value.length;
  }
  return bytes;
}

/**
 * Reads a command set. Unknown elements are passed over, and what other groups follow it; free text such as Error Comment (0000,0902) is not read at all,
 * since anything may stand in it.
 *
 * @throws {ProtocolError} when it is no run of group 0000 elements, names an element twice, or has no Command Field.
 */
export function decodeCommand(bytes: Uint8Array): ReceivedCommand {
  const values = elementsOf(bytes);
  const command: Record<string, unknown> = { hasDataSet: numberAt(values, DATA_SET_TYPE) !== NO_DATA_SET };
  for (const [name, element] of US) set(command, name, numberAt(values, element));
  for (const [name, element] of UI) set(command, name, uidAt(values, element));
  for (const [name, element] of AE) set(command, name, titleAt(values, element));
  if (command['field'] === undefined || !values.has(DATA_SET_TYPE)) throw broken('command-field');
  return command as unknown as ReceivedCommand;
}

/** Whether the command answers another. */
export function isResponse(field: number): boolean {
  return (field & 0x8000) !== 0;
}

function elementsOf(bytes: Uint8Array): ReadonlyMap<number, Uint8Array> {
  const values = new Map<number, Uint8Array>();
  let at = 0;
  while (at < bytes.length) {
    if (at + ELEMENT_HEADER_BYTES > bytes.length) throw broken('command-truncated');
    const tag = readUint32(bytes, at);
    const end = at + ELEMENT_HEADER_BYTES + readUint32(bytes, at + 4);
    // The group stands in the low half of what is read as one number.
    if ((tag & 0xffff) !== 0) {
      // Orthanc 1.10.1 puts the failed instances (0008,0058) of a C-GET behind the command set, not into a data set.
      if (values.has(COMMAND_FIELD)) break;
      throw broken('command-group');
    }
    if (end > bytes.length) throw broken('command-truncated');
    const element = tag >>> 16;
    if (values.has(element)) throw broken('command-duplicate');
    values.set(element, bytes.subarray(at + ELEMENT_HEADER_BYTES, end));
    at = end;
  }
  return values;
}

function numberAt(values: ReadonlyMap<number, Uint8Array>, element: number): number | undefined {
  const value = values.get(element);
  return value === undefined || value.length < 2 ? undefined : (value[0] ?? 0) | ((value[1] ?? 0) << 8);
}

function uidAt(values: ReadonlyMap<number, Uint8Array>, element: number): Uid | undefined {
  const value = values.get(element);
  return value === undefined || value.length > 65 ? undefined : tryParseUid(latin1Text(value));
}

function titleAt(values: ReadonlyMap<number, Uint8Array>, element: number): string | undefined {
  const value = values.get(element);
  return value === undefined ? undefined : latin1Text(value.subarray(0, 16)).replace(/^ +|[ \0]+$/g, '');
}

function set(command: Record<string, unknown>, name: string, value: unknown): void {
  if (value !== undefined) command[name] = value;
}

function entries<Name extends string>(table: Readonly<Record<Name, number>>): readonly (readonly [Name, number])[] {
  return Object.keys(table).map((name) => [name as Name, table[name as Name]] as const);
}

function broken(rule: string): ProtocolError {
  return new ProtocolError(rule, ABORT_REASONS.notSpecified);
}

function even(bytes: Uint8Array, pad: number): Uint8Array {
  if (bytes.length % 2 === 0) return bytes;
  const padded = new Uint8Array(bytes.length + 1).fill(pad);
  padded.set(bytes);
  return padded;
}

function uint16(value: number): Uint8Array {
  return Uint8Array.of(value, value >>> 8);
}

function uint32(value: number): Uint8Array {
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
}
