// Damaged PDUs and command sets: read the same way however they are cut, or refused by a name, and never anything else.
import { parseUid } from '@interhosp/core/dicom';
import { fromHex, fuzz, fuzzRuns, splits } from '@interhosp/testing';
import { describe, expect, it } from 'vitest';
import { parseAeTitle } from './ae-title.ts';
import {
  decodeAssociateAccept,
  decodeAssociateReject,
  decodeAssociateRequest,
  encodeAssociateAccept,
  encodeAssociateReject,
  encodeAssociateRequest,
  encodePdu,
} from './associate.ts';
import { COMMANDS, decodeCommand, encodeCommand } from './command-set.ts';
import { PduReader } from './pdu-reader.ts';
import { PdvWriter } from './pdv-writer.ts';
import { ProtocolError } from './protocol-error.ts';

const RUNS = fuzzRuns(20_000, 1_000_000);
const MAX_PDU_BYTES = 4_096;

const ct = parseUid('1.2.840.10008.5.1.4.1.1.2');
const user = {
  maxPduBytes: 16_384,
  implementationClassUid: parseUid('1.2'),
  implementationVersionName: 'ABC_12',
  roles: [{ sopClassUid: ct, scu: true, scp: true }],
};
const request = encodeAssociateRequest({
  calledAe: parseAeTitle('PACS'),
  callingAe: parseAeTitle('MODALITY'),
  contexts: [1, 3, 5].map((id) => ({
    id,
    abstractSyntax: ct,
    transferSyntaxes: [parseUid('1.2.840.10008.1.2'), parseUid('1.2.840.10008.1.2.1')],
  })),
  user,
});
const accept = encodeAssociateAccept(
  { calledAe: 'PACS', callingAe: 'MODALITY' },
  {
    contexts: [
      { id: 1, result: 0, transferSyntax: parseUid('1.2.840.10008.1.2') },
      { id: 3, result: 3 },
    ],
    user,
  },
);
const store = encodeCommand(
  {
    field: COMMANDS.storeRequest,
    messageId: 1,
    affectedSopClassUid: ct,
    affectedSopInstanceUid: parseUid('1.2.3.4'),
    priority: 0,
    moveOriginatorAe: 'WEST',
    moveOriginatorMessageId: 7,
  },
  true,
);
const echo = encodeCommand({ field: COMMANDS.echoRequest, messageId: 2, affectedSopClassUid: ct }, false);

function pdata(bytes: Uint8Array, isCommand: boolean, maxPduBytes: number): Uint8Array {
  const out: Uint8Array[] = [];
  const writer = new PdvWriter({ contextId: 1, isCommand, maxPduBytes });
  writer.push(bytes, out);
  writer.end(out);
  return Buffer.concat(out);
}

/** What a reader tells, with the bytes of fragments joined: where they are cut is not part of it. */
function told(pieces: readonly Uint8Array[]): readonly string[] {
  const lines: string[] = [];
  let open = '';
  const reader = new PduReader(
    {
      begin: (type) => void lines.push(`begin ${type}`),
      pdu: (type, body) => void lines.push(`pdu ${type} ${Buffer.from(body).toString('hex')}`),
      fragment: ({ bytes, contextId, isCommand, isLast }) => {
        const value = `${contextId} ${isCommand} `;
        if (lines.at(-1)?.startsWith(value) !== true || open === '') lines.push(value);
        lines[lines.length - 1] += Buffer.from(bytes).toString('hex');
        open = isLast ? '' : value;
        if (isLast) lines.push('last');
      },
    },
    { maxPduBytes: MAX_PDU_BYTES },
  );
  try {
    for (const piece of pieces) reader.push(piece);
    lines.push(reader.isBetweenPdus ? 'between' : 'within');
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    lines.push(error.rule);
  }
  return lines;
}

/** The name of the rule that was broken, or `read`. */
function outcomeOf(read: () => unknown): string {
  try {
    read();
    return 'read';
  } catch (error) {
    if (error instanceof ProtocolError) return error.rule;
    throw error;
  }
}

describe('damaged bytes', () => {
  it('are read alike by the PDU reader however a stream is cut', async () => {
    const stream = Buffer.concat([
      request,
      pdata(store, true, 64),
      pdata(Buffer.alloc(300, 7), false, 128),
      pdata(echo, true, MAX_PDU_BYTES),
      pdata(new Uint8Array(0), false, 128),
      encodePdu(5, new Uint8Array(4)),
      encodePdu(6, new Uint8Array(4)),
    ]);
    const { outcomes } = await fuzz({
      name: 'dimse pdu reader',
      corpus: [
        stream,
        Buffer.concat([accept, encodePdu(7, new Uint8Array(4))]),
        encodeAssociateReject({ result: 1, source: 2, reason: 1 }),
        fromHex('0400ffffffff'),
        fromHex('04000000000600000001 0100'),
      ],
      runs: RUNS,
      dictionary: ['0400', '0500', 'ffffffff', '00000002', '00001000'].map(fromHex),
      execute: (input, random) => {
        const whole = told([input]);
        const cut = random.oneIn(16) ? [...input].map((byte) => Uint8Array.of(byte)) : splits(input, random);
        const pieces = told(cut);
        if (pieces.join('\n') !== whole.join('\n')) expect(pieces).toEqual(whole);
        return whole.at(-1);
      },
    });
    expect([...outcomes.keys()].toSorted()).toEqual(
      expect.arrayContaining(['between', 'within', 'pdu-type', 'pdu-length', 'pdv-length']),
    );
  });

  it('are an association PDU, or are refused', async () => {
    const { outcomes } = await fuzz({
      name: 'dimse associate',
      corpus: [request.slice(6), accept.slice(6), encodeAssociateReject({ result: 1, source: 2, reason: 1 }).slice(6)],
      runs: RUNS,
      dictionary: ['2000', '2100', '3000', '4000', '5000', '5100', '5400', 'ffff'].map(fromHex),
      execute: (input) =>
        [decodeAssociateRequest, decodeAssociateAccept, decodeAssociateReject]
          .map((decode) => outcomeOf(() => decode(input)))
          .join(' '),
    });
    expect(outcomes.size).toBeGreaterThan(5);
  });

  it('are a command set that is the same when it was written again, or are refused', async () => {
    const { outcomes } = await fuzz({
      name: 'dimse command sets',
      corpus: [store, echo],
      runs: RUNS,
      dictionary: ['00000001', '00000008', '00000009', '0101', 'ffffffff'].map(fromHex),
      execute: (input) =>
        outcomeOf(() => {
          const command = decodeCommand(input);
          const { hasDataSet, ...fields } = command;
          const again = decodeCommand(encodeCommand(fields, hasDataSet));
          if (JSON.stringify(again) !== JSON.stringify(command)) expect(again).toEqual(command);
        }),
    });
    expect([...outcomes.keys()]).toEqual(
      expect.arrayContaining(['read', 'command-truncated', 'command-group', 'command-field', 'command-duplicate']),
    );
  });
});
