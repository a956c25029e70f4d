import { parseUid } from '@interhosp/core/dicom';
import { describe, expect, it } from 'vitest';
import { COMMANDS, decodeCommand, encodeCommand } from './command-set.ts';
import { ProtocolError } from './protocol-error.ts';

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(/\s/g, ''), 'hex');
}

/** An element of group 0000 in implicit VR little endian. */
function element(number: string, value: string): string {
  const bytes = value.replaceAll(' ', '');
  const length = (bytes.length / 2).toString(16).padStart(2, '0');
  return `0000 ${number.slice(2)}${number.slice(0, 2)} ${length}000000 ${bytes}`;
}

const VERIFICATION = '312e322e3834302e31303030382e312e3100';
/** C-ECHO-RQ (PS3.7 table 9.3-12), written by hand. */
const ECHO = [
  element('0000', '38000000'),
  element('0002', VERIFICATION),
  element('0100', '3000'),
  element('0110', '0700'),
  element('0800', '0101'),
].join('');

describe('command sets (PS3.7 6.3.1)', () => {
  it('are written in order of tags, with group length and even values', () => {
    const written = encodeCommand(
      { field: COMMANDS.echoRequest, messageId: 7, affectedSopClassUid: parseUid('1.2.840.10008.1.1') },
      false,
    );
    expect(Buffer.from(written).toString('hex')).toBe(hex(ECHO).toString('hex'));
  });

  it('are read as values, and say whether a data set follows', () => {
    expect(decodeCommand(hex(ECHO))).toEqual({
      hasDataSet: false,
      field: COMMANDS.echoRequest,
      messageId: 7,
      affectedSopClassUid: '1.2.840.10008.1.1',
    });
    for (const type of ['0000', '0100', '0201', 'feff']) {
      expect(decodeCommand(hex(ECHO.replace(element('0800', '0101'), element('0800', type)))).hasDataSet).toBe(true);
    }
  });

  it('keep every field on the way there and back', () => {
    const uid = parseUid('1.2.3');
    const command = {
      field: COMMANDS.moveResponse,
      messageId: 65_535,
      respondedTo: 1,
      affectedSopClassUid: uid,
      requestedSopClassUid: uid,
      affectedSopInstanceUid: uid,
      requestedSopInstanceUid: uid,
      priority: 2,
      status: 0xff00,
      moveDestination: 'WEST',
      moveOriginatorAe: 'ODD',
      moveOriginatorMessageId: 3,
      remaining: 4,
      completed: 5,
      failed: 6,
      warnings: 7,
      eventTypeId: 2,
      actionTypeId: 1,
    };
    expect(decodeCommand(encodeCommand(command, true))).toEqual({ ...command, hasDataSet: true });
  });

  it('are read without their group length, with a wrong one, and with elements that nobody knows', () => {
    const bare = ECHO.slice(element('0000', '38000000').length);
    const more = element('5110', 'ffff') + element('0902', '41');
    for (const odd of [bare, ECHO.replace('38000000', 'ffffffff'), ECHO + more]) {
      expect(decodeCommand(hex(odd)).messageId).toBe(7);
    }
  });

  it('tell no value that has not its form', () => {
    const odd = ECHO.replace(element('0002', VERIFICATION), element('0002', '2e2e2f2e2e2f')).replace(
      element('0110', '0700'),
      element('0110', '07'),
    );
    expect(decodeCommand(hex(odd))).toEqual({ hasDataSet: false, field: COMMANDS.echoRequest });
  });

  it('are refused when they are cut off, of another group, doubled or without what all commands have', () => {
    const broken = [
      ECHO.slice(0, -2),
      `${ECHO}0000`,
      ECHO.replace('0000 0200', '0800 0200'),
      `${ECHO}${element('0110', '0700')}`,
      ECHO.replace(element('0100', '3000'), ''),
      ECHO.replace(element('0800', '0101'), ''),
      element('0100', '3000').replace('02000000', 'ffffffff'),
      '',
    ];
    for (const each of broken) expect(() => decodeCommand(hex(each)), each).toThrow(ProtocolError);
  });
});
