import { fuzz, fuzzRuns } from '@interhosp/testing';
import { describe, expect, it } from 'vitest';
import { ReconciliationError, StorageError } from '@interhosp/core/errors';
import type { Log, SafeFields } from '@interhosp/core/world';
import { testClock } from '../../test/clock.ts';
import { adt, bytesOf, fieldOf, pid, type MessageParts } from '../../test/hl7-messages.ts';
import { MemoryRegistry } from '../../test/memory-registry.ts';
import { createReceiver, type Receive, type ReceiverOptions } from './receive.ts';

interface Line extends SafeFields {
  readonly event: string;
}

function recordingLog(): { readonly log: Log; readonly lines: Line[] } {
  const lines: Line[] = [];
  const log: Log = {
    forComponent: () => log,
    write: (_level, event, fields = {}) => void lines.push({ event, ...fields }),
  };
  return { log, lines };
}

async function feed(options: Partial<ReceiverOptions> = {}) {
  const registry = new MemoryRegistry();
  await registry.start();
  const { log, lines } = recordingLog();
  const receive = createReceiver({
    registry,
    clock: testClock(),
    log,
    defaultCharset: 'latin-1',
    processingIds: ['P'],
    rules: {
      issuer: 'CHU',
      authorities: ['CHU'],
      takesUnnamedAuthority: false,
      patientIdTypes: ['PI'],
      nationalIdTypes: ['NNBEL'],
      nationalIdAuthorities: [],
      keepsEmpty: true,
    },
    ...options,
  });
  return { registry, receive, lines };
}

/** MSA-1 of each answer, in their order. */
async function codesOf(receive: Receive, message: string | Uint8Array): Promise<readonly string[]> {
  const { answers } = await receive(typeof message === 'string' ? bytesOf(message) : message);
  return answers.map((answer) => fieldOf(answer, 'MSA', 1));
}

const person = (id: string, fields: Readonly<Record<number, string>> = {}): string =>
  pid({ 3: `${id}^^^CHU^PI`, ...fields });
const anna = (more: Partial<MessageParts> = {}): string =>
  adt({ segments: [person('1', { 5: 'Claes^Anna', 7: '19700105', 8: 'F' })], ...more });
const merge = (into: string, gone: string, more: Partial<MessageParts> = {}): string =>
  adt({ event: 'A40', segments: [person(into), `MRG|${gone}^^^CHU^PI`], ...more });
const rename = (to: string, from: string, fields = {}): string =>
  adt({ event: 'A47', segments: [person(to, fields), `MRG|${from}^^^CHU^PI`] });

describe('events', () => {
  it.each(['A01', 'A04', 'A05', 'A08', 'A28', 'A31'])('%s takes a patient over', async (event) => {
    const { receive, registry } = await feed();
    expect(await codesOf(receive, anna({ event }))).toEqual(['AA']);
    expect(await registry.get('1')).toMatchObject({
      birthDate: '1970-01-05',
      name: { alphabetic: { family: 'Claes' } },
    });
  });

  it('take one patient at a time', async () => {
    const { receive, registry } = await feed();
    expect(await codesOf(receive, adt({ segments: [person('1'), person('2')] }))).toEqual(['AR']);
    expect(registry.applied).toEqual([]);
  });

  it('A29 takes a patient out, also one who is not there', async () => {
    const { receive, registry } = await feed();
    await receive(bytesOf(anna()));
    for (let times = 0; times < 2; times++) {
      expect(await codesOf(receive, adt({ event: 'A29', segments: [person('1')] }))).toEqual(['AA']);
      expect(await registry.size()).toBe(0);
    }
  });

  it.each(['A18', 'A30', 'A34', 'A36', 'A39', 'A40'])('%s lets one record go into another', async (event) => {
    const { receive, registry } = await feed();
    await receive(bytesOf(anna()));
    await receive(bytesOf(adt({ segments: [person('2', { 5: 'Claes^A' })] })));
    expect(await codesOf(receive, merge('1', '2', { event }))).toEqual(['AA']);
    expect([await registry.size(), await registry.currentId('2')]).toEqual([1, '1']);
  });

  it.each(['A46', 'A47'])('%s gives a record another ID', async (event) => {
    const { receive, registry } = await feed();
    await receive(bytesOf(anna()));
    const message = adt({ event, segments: [person('9'), 'MRG|1^^^CHU^PI'] });
    expect(await codesOf(receive, message)).toEqual(['AA']);
    expect(await registry.get('9')).toMatchObject({ birthDate: '1970-01-05' });
    expect([await registry.get('1'), await registry.currentId('1')]).toEqual([undefined, '9']);
  });

  it.each(['A24', 'A37', 'A43', 'A48'])('%s is acknowledged, not applied, and said in the log', async (event) => {
    const { lines, receive, registry } = await feed();
    expect(await codesOf(receive, anna({ event }))).toEqual(['AA']);
    expect(registry.applied).toEqual([]);
    expect(lines).toContainEqual({ event: 'patients.feed.not-applied', kind: event });
  });

  it.each(['A02', 'A03', 'A11', 'A23', 'A45', 'A62'])('%s is of no concern', async (event) => {
    const { receive, registry } = await feed();
    expect(await codesOf(receive, adt({ event, segments: ['PV1|1'] }))).toEqual(['AA']);
    expect(registry.applied).toEqual([]);
  });

  it('may stand in EVN, as in HL7 2.1', async () => {
    const { receive, registry } = await feed();
    const message = anna({ header: { 9: 'ADT', 12: '2.1' } }).replace('EVN|', 'EVN|A08');
    expect(await codesOf(receive, message)).toEqual(['AA']);
    expect(await registry.size()).toBe(1);
  });
});

describe('a record that was merged away', () => {
  it('goes into the other in both orders of arrival, and does not come back', async () => {
    const messages = {
      survivor: anna(),
      gone: adt({ segments: [person('2', { 5: 'Claes^A', 7: '19700105' })] }),
      merge: merge('1', '2'),
    };
    for (const order of [
      ['survivor', 'gone', 'merge'],
      ['gone', 'merge', 'survivor'],
      ['merge', 'survivor', 'gone'],
      ['merge', 'gone', 'survivor'],
      ['survivor', 'merge', 'gone', 'merge'],
    ] as const) {
      const { receive, registry } = await feed();
      for (const name of order) expect(await codesOf(receive, messages[name])).toEqual(['AA']);
      expect(await registry.size(), order.join()).toBe(1);
      expect(await registry.currentId('2')).toBe('1');
      expect(await registry.get('1')).toMatchObject({ name: { alphabetic: { family: 'Claes', given: 'Anna' } } });
    }
  });

  it('gives what it knows to a survivor of whom nothing was known', async () => {
    const { receive, registry } = await feed();
    await receive(bytesOf(anna()));
    await receive(bytesOf(merge('7', '1')));
    expect(await registry.get('7')).toMatchObject({ birthDate: '1970-01-05', patientId: { id: '7' } });
    await receive(bytesOf(adt({ segments: [person('8', { 7: '19880808' })] })));
    await receive(bytesOf(merge('8', '7')));
    expect(await registry.get('8')).toEqual({ patientId: { id: '8', issuer: 'CHU' }, birthDate: '1988-08-08' });
  });

  it('is said in the log when a message still speaks of it, and its ID takes nobody out', async () => {
    const { lines, receive, registry } = await feed();
    await receive(bytesOf(merge('1', '2')));
    await receive(bytesOf(adt({ segments: [person('2', { 5: 'Late' })] })));
    await receive(bytesOf(adt({ event: 'A29', segments: [person('2')] })));
    expect(lines.filter(({ event }) => event === 'patients.feed.superseded')).toHaveLength(2);
    expect(await registry.size()).toBe(1);
    expect(registry.applied.map(({ kind }) => kind)).toEqual(['put', 'merge']);
  });

  it('does not go twice, nor elsewhere, nor into itself, nor back', async () => {
    const { lines, receive, registry } = await feed();
    await receive(bytesOf(anna()));
    expect(await codesOf(receive, merge('1', '2'))).toEqual(['AA']);
    expect(await codesOf(receive, merge('1', '2'))).toEqual(['AA']);
    expect(await codesOf(receive, merge('3', '2'))).toEqual(['AR']);
    expect(await codesOf(receive, merge('1', '1'))).toEqual(['AR']);
    expect(await codesOf(receive, merge('2', '1'))).toEqual(['AR']);
    expect(lines.flatMap(({ reason }) => reason ?? [])).toEqual([
      'merged-elsewhere',
      'same-patient',
      'merged-elsewhere',
    ]);
    expect(registry.applied.filter(({ kind }) => kind === 'merge')).toHaveLength(1);
    expect([await registry.currentId('2'), await registry.currentId('1')]).toEqual(['1', '1']);
  });

  it('may be one of several in a message, each building on the one before, all or none', async () => {
    const { receive, registry } = await feed();
    const chain = adt({
      event: 'A40',
      segments: [person('2'), 'MRG|1^^^CHU^PI', 'PV1|1', person('3', { 5: 'Claes^Anna' }), 'MRG|2^^^CHU^PI'],
    });
    expect(await codesOf(receive, chain)).toEqual(['AA']);
    expect([await registry.currentId('1'), await registry.size()]).toEqual(['3', 1]);
    const before = registry.applied.length;
    const half = adt({ event: 'A40', segments: [person('5'), 'MRG|4^^^CHU^PI', person('6'), 'MRG|6^^^CHU^PI'] });
    expect(await codesOf(receive, half)).toEqual(['AR']);
    expect(registry.applied).toHaveLength(before);
  });

  it('needs a prior identifier behind each patient', async () => {
    const { receive, registry } = await feed();
    for (const segments of [
      [person('1')],
      [person('1'), 'MRG|2^^^OTHER'],
      ['MRG|2^^^CHU^PI'],
      [person('1'), 'MRG|2^^^CHU', 'MRG|3^^^CHU'],
    ]) {
      expect(await codesOf(receive, adt({ event: 'A40', segments }))).toEqual(['AR']);
    }
    expect(registry.applied).toEqual([]);
  });
});

describe('an ID that changes', () => {
  it('changes once, however often it is said', async () => {
    const { receive, registry } = await feed();
    await receive(bytesOf(anna()));
    for (let times = 0; times < 2; times++)
      expect(await codesOf(receive, rename('9', '1', { 8: 'M' }))).toEqual(['AA']);
    expect(registry.applied.filter(({ kind }) => kind === 'rename')).toHaveLength(1);
    expect(await registry.get('9')).toMatchObject({ birthDate: '1970-01-05', sex: 'M' });
  });

  it('may change back', async () => {
    const { receive, registry } = await feed();
    await receive(bytesOf(anna()));
    await receive(bytesOf(rename('9', '1')));
    expect(await codesOf(receive, rename('1', '9', { 8: 'M' }))).toEqual(['AA']);
    expect([await registry.currentId('9'), await registry.size()]).toEqual(['1', 1]);
    expect(await registry.get('1')).toMatchObject({ birthDate: '1970-01-05', sex: 'M' });
  });

  it('does not become that of somebody who is there', async () => {
    const { lines, receive, registry } = await feed();
    await receive(bytesOf(anna()));
    await receive(bytesOf(adt({ segments: [person('9', { 5: 'Willems' })] })));
    expect(await codesOf(receive, rename('9', '1'))).toEqual(['AR']);
    expect(await codesOf(receive, rename('1', '1'))).toEqual(['AR']);
    expect(lines.flatMap(({ reason }) => reason ?? [])).toEqual(['id-taken', 'same-patient']);
    expect(await registry.size()).toBe(2);
  });
});

describe('an answer', () => {
  const answerTo = async (message: string, options: Partial<ReceiverOptions> = {}): Promise<string> => {
    const { receive } = await feed(options);
    const { answers } = await receive(bytesOf(message));
    expect(answers).toHaveLength(1);
    return Buffer.from(answers[0]!).toString('latin1');
  };

  it('goes back to the sender, with the control ID, in its delimiters', async () => {
    const answer = await answerTo(
      'MSH#*!%$#HIS*1.2#CHU#IH#LAB#2026##ADT*A08*ADT_A01#c\xe9%T%1#P#2.6######8859/1\rPID###1***CHU*PI\r',
    );
    expect(answer).toMatch(
      /^MSH#\*!%\$#IH#LAB#HIS\*1\.2#CHU#\d{14}\+0000##ACK\*A08\*ACK#[0-9a-z]+#P#2\.6######8859\/1\rMSA#AA#c\xe9%T%1\r$/,
    );
  });

  it('says what is wrong, in words of ours', async () => {
    const answer = await answerTo(adt({ controlId: 'X1', segments: [pid({ 3: '12^^^ELSEWHERE', 5: 'Secret^Name' })] }));
    expect(fieldOf(answer, 'MSA', 1)).toBe('AR');
    expect(fieldOf(answer, 'MSA', 2)).toBe('X1');
    expect(fieldOf(answer, 'MSA', 3)).toBe('no patient identifier of the configured issuer');
    expect(fieldOf(answer, 'ERR', 2)).toBe('PID^1^3');
    expect([fieldOf(answer, 'ERR', 3), fieldOf(answer, 'ERR', 4)]).toEqual(['204', 'E']);
    expect(answer).not.toContain('Secret');
    const old = await answerTo(adt({ header: { 12: '2.3' }, segments: [] }));
    expect([fieldOf(old, 'ERR', 3), fieldOf(old, 'MSA', 3)]).toEqual(['', 'no PID segment']);
  });

  it.each<[string, string, string, readonly string[]]>([
    ['in original mode', '', '', ['AA']],
    ['in enhanced mode, always both', 'AL', 'AL', ['CA', 'AA']],
    ['of the acceptance alone', 'AL', 'NE', ['CA']],
    ['of the application alone', 'NE', 'AL', ['AA']],
    ['not at all', 'NE', 'NE', []],
    ['not at all, only of errors', 'ER', 'ER', []],
    ['of success', 'SU', '', ['CA']],
    ['where the condition is unknown', 'XX', '', ['CA']],
  ])('comes %s', async (_what, accept, application, expected) => {
    const { receive } = await feed();
    expect(await codesOf(receive, anna({ header: { 15: accept, 16: application } }))).toEqual(expected);
  });

  it.each([
    ['AL', 'AL', ['CR', 'AR'], ['CE', 'AE']],
    ['ER', 'NE', ['CR'], ['CE']],
    ['SU', 'SU', [], []],
  ])('comes of errors too (%s, %s)', async (accept, application, refused, later) => {
    const { receive, registry } = await feed();
    const header = { 15: accept, 16: application };
    expect(await codesOf(receive, anna({ event: 'A99', header }))).toEqual(refused);
    registry.before = () => Promise.reject(new StorageError('STORAGE_FULL'));
    expect(await codesOf(receive, anna({ header }))).toEqual(later);
  });

  it.each([
    ['another sender', { 3: 'LAB' }, '207'],
    ['another facility', { 4: 'ELSEWHERE' }, '207'],
    ['another version', { 12: '3.0' }, '203'],
    ['training', { 11: 'T' }, '202'],
    ['a result', { 9: 'ORU^R01^ORU_R01' }, '200'],
    ['an unknown event', { 9: 'ADT^A63' }, '201'],
    ['no event', { 9: 'ADT' }, '201'],
    ['no control ID', { 10: '' }, '101'],
    ['a long control ID', { 10: 'x'.repeat(257) }, '101'],
    ['a control ID with a tab', { 10: 'a\tb' }, '101'],
    ['a character set that is not known', { 18: 'UNICODE UTF-32' }, '103'],
  ])('refuses %s', async (_what, header, code) => {
    const { receive, registry } = await feed({ senders: [{ application: 'HIS', facility: 'CHU' }] });
    const { answers, isTaken } = await receive(bytesOf(anna({ header })));
    expect([fieldOf(answers[0]!, 'MSA', 1), fieldOf(answers[0]!, 'ERR', 3), isTaken]).toEqual(['AR', code, false]);
    expect(registry.applied).toEqual([]);
  });

  it('takes whom the site names, wholly or in part', async () => {
    const { receive } = await feed({
      senders: [{ application: 'LAB' }, { facility: 'CHU' }],
      processingIds: ['P', 'T'],
    });
    expect(await codesOf(receive, anna({ header: { 4: 'X', 3: 'LAB^1.2^ISO' } }))).toEqual(['AA']);
    expect(await codesOf(receive, anna({ header: { 11: 'T' } }))).toEqual(['AA']);
    expect(await codesOf(receive, anna({ header: { 4: 'X' } }))).toEqual(['AR']);
  });

  it('comes to what has no header at all, and cannot be made to break out of its block', async () => {
    expect(fieldOf(await answerTo('GET / HTTP/1.1'), 'MSA', 1)).toBe('AR');
    const answer = await answerTo(anna({ controlId: 'a\x1cb\x0bc', header: { 18: '8859/1\x1c' } }));
    // oxlint-disable-next-line no-control-regex -- what ends a block
    expect(answer).not.toMatch(/[\x0b\x1c]/);
    expect(fieldOf(answer, 'MSA', 2)).toBe('abc');
  });
});

describe('the registry', () => {
  it.each([
    ['is full', new StorageError('STORAGE_FULL'), 'AE'],
    ['fails', new StorageError('STORAGE_FAILED'), 'AE'],
    ['is away', new ReconciliationError('RECONCILIATION_DIRECTORY_UNAVAILABLE'), 'AE'],
    ['breaks', new Error('Claes Anna'), 'AE'],
    ['does not take the change', new ReconciliationError('RECONCILIATION_DIRECTORY_INVALID'), 'AR'],
  ])('%s, and the sender is told', async (_what, error, code) => {
    const { lines, receive, registry } = await feed();
    registry.before = () => Promise.reject(error);
    expect(await codesOf(receive, anna())).toEqual([code]);
    expect(registry.applied).toEqual([]);
    registry.before = async () => {};
    expect(await codesOf(receive, anna())).toEqual(['AA']);
    expect(JSON.stringify(lines)).not.toContain('Claes');
  });

  it('is away when it is asked, and the sender is told', async () => {
    const { receive, registry } = await feed();
    await registry.stop();
    expect(await codesOf(receive, anna())).toEqual(['AE']);
  });

  it('keeps the change before it is acknowledged', async () => {
    const { receive, registry } = await feed();
    const kept = Promise.withResolvers<void>();
    registry.before = () => kept.promise;
    let isAnswered = false;
    const received = receive(bytesOf(anna({ header: { 15: 'AL', 16: 'AL' } }))).then(() => (isAnswered = true));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isAnswered).toBe(false);
    kept.resolve();
    await received;
    expect(registry.applied).toHaveLength(1);
  });

  it('is given one message after the other, so that none is read against what the one before changes', async () => {
    const { receive, registry } = await feed();
    registry.before = () => new Promise((resolve) => setTimeout(resolve, 5));
    const messages = [
      adt({ segments: [person('1', { 5: 'Claes^Anna' })] }),
      adt({ segments: [person('1', { 7: '19700105' })] }),
      adt({ segments: [person('1', { 8: 'F' })] }),
    ];
    await Promise.all(messages.map((message) => receive(bytesOf(message))));
    expect(await registry.get('1')).toMatchObject({
      name: { alphabetic: { family: 'Claes' } },
      birthDate: '1970-01-05',
      sex: 'F',
    });
  });

  it('gets the same from a message that comes twice', async () => {
    const { receive, registry } = await feed();
    const message = anna({ controlId: 'TWICE' });
    expect([await codesOf(receive, message), await codesOf(receive, message)]).toEqual([['AA'], ['AA']]);
    const [first, second] = registry.applied;
    expect(second).toEqual(first);
  });
});

describe('the log', () => {
  it('holds nothing of a message but the event, the field and the reason', async () => {
    const { lines, receive } = await feed();
    const secret = 'Zaventem';
    const fields = { 3: `${secret}^^^CHU^PI`, 5: secret, 7: secret, 8: secret, 11: secret, 13: secret, 19: secret };
    for (const header of [
      {},
      { 9: `ADT^${secret}` },
      { 9: secret },
      { 10: `${secret}\t` },
      { 11: secret },
      { 12: secret },
      { 18: secret },
    ]) {
      await receive(bytesOf(adt({ header, segments: [pid(fields)] })));
    }
    await receive(bytesOf(adt({ event: 'A40', segments: [pid(fields), `MRG|${secret}^^^CHU^PI`] })));
    await receive(bytesOf(`${secret}|${secret}`));
    expect(lines.length).toBeGreaterThan(8);
    expect(JSON.stringify(lines)).not.toContain(secret);
    expect(lines).toContainEqual({ event: 'patients.feed.value-ignored', kind: 'A08', field: 'PID-7' });
  });
});

describe('damaged messages', () => {
  it('are applied, refused, or to be sent again, and nothing else', async () => {
    const { receive, registry } = await feed();
    const corpus = [
      anna(),
      merge('1', '2'),
      rename('3', '1'),
      adt({ event: 'A29', segments: [person('3')] }),
      anna({ header: { 15: 'AL', 16: 'ER', 18: 'UNICODE UTF-8' } }),
      adt({
        segments: [
          person('4', { 5: 'A&B^C\\XE9\\~""^^^^^^M', 7: '""', 11: 'x^^y^^z', 13: '^PRN^PH^^32^4^5', 31: 'Y' }),
        ],
      }),
    ].map((message) => bytesOf(message));
    const { outcomes } = await fuzz({
      name: 'ADT',
      corpus,
      dictionary: [
        '\r',
        '\n',
        '|',
        '^',
        '~',
        '\\',
        '&',
        '""',
        'PID|',
        'MRG|',
        'MSH|^~\\&|',
        '\0',
        '^^^CHU^PI',
        'A40',
        'A47',
      ].map((text) => bytesOf(text)),
      maxBytes: 4_096,
      runs: fuzzRuns(20_000, 1_000_000),
      execute: async (input) => {
        const before = registry.applied.length;
        const { answers, isTaken } = await receive(input);
        for (const answer of answers) {
          const text = Buffer.from(answer).toString('latin1');
          expect(text.startsWith('MSH')).toBe(true);
          expect(answer.length).toBeLessThan(4_096);
          // oxlint-disable-next-line no-control-regex -- nothing that ends a block, or a segment too early
          expect(text.slice(0, -1)).not.toMatch(/[\x00-\x0c\x0e-\x1f]/);
          expect(text.split('\r').length).toBeLessThanOrEqual(4);
        }
        if (!isTaken) expect(registry.applied.length).toBe(before);
        for (const change of registry.applied.slice(before)) {
          if (change.kind !== 'put') continue;
          expect(change.patient.patientId.id).toMatch(/^[^\\\p{Cc}]{1,64}$/u);
          expect(JSON.stringify(change.patient).length).toBeLessThan(64_000);
        }
        registry.applied.length = 0;
        return `${isTaken} ${answers.length}`;
      },
    });
    expect([...outcomes.keys()].some((key) => key.startsWith('true'))).toBe(true);
    expect([...outcomes.keys()].some((key) => key.startsWith('false'))).toBe(true);
  });

  it.each<[string, string]>([
    ['20,000 segments', adt({ segments: [person('1'), ...Array.from({ length: 20_000 }, () => 'OBX|1')] })],
    ['a million fields', adt({ segments: ['|'.repeat(1_000_000).replace('', 'PID')] })],
    ['a million repetitions', adt({ segments: [`PID|||${'~'.repeat(1_000_000)}`] })],
    ['a million repetitions with an ID', adt({ segments: [`PID|||1^^^CHU^PI${'~x'.repeat(500_000)}`] })],
    ['a million components', adt({ segments: [`PID|||1^^^CHU^PI||${'^'.repeat(1_000_000)}`] })],
    ['a million subcomponents', adt({ segments: [`PID|||1^^^CHU^PI||${'&'.repeat(1_000_000)}`] })],
    ['a million escape characters', adt({ segments: [`PID|||1^^^CHU^PI||${'\\'.repeat(1_000_000)}`] })],
    [
      '250 patients',
      adt({
        event: 'A40',
        segments: Array.from({ length: 251 }, (_, at) => [person(`a${at}`), `MRG|b${at}^^^CHU`]).flat(),
      }),
    ],
    ['a megabyte of NUL', '\0'.repeat(1_000_000)],
    ['a megabyte of line ends', anna() + '\r'.repeat(1_000_000)],
    ['a megabyte of header', `MSH|^~\\&|${'x'.repeat(1_000_000)}`],
  ])('of %s take no time', async (_what, message) => {
    const { receive } = await feed();
    const bytes = bytesOf(message);
    const startedMs = performance.now();
    const { answers } = await receive(bytes);
    expect(performance.now() - startedMs).toBeLessThan(1_000);
    expect(answers).toHaveLength(1);
  });
});
