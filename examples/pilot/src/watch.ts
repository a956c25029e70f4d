/**
 * Shows what moves: a progress bar per arriving study where somebody watches, a line per step elsewhere. The members'
 * events are for the eyes only; whether a study arrived is asked from the PACS (evidence.ts).
 */
import { adminClient, type MemberApi, type MemberEvent } from '@interhosp/node';
import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import { HOSPITALS, type HospitalKey, type MadeStudy } from './scenario.ts';
import { megabytes, type Story } from './story.ts';

/** Watches until it is told to stop. */
export interface Watch {
  /** Leaves the bars where they are, so that something else can be told; what moves meanwhile is not drawn. */
  pause(): void;
  /** Draws again, below what was told. */
  resume(): void;
  /** Ends it. */
  stop(): Promise<void>;
}

/** What people read for a state of DESIGN.md §7; others are shown as they are. */
const WORDS: Readonly<Record<string, string>> = {
  OFFER_SEEN: 'offered',
  ADMITTED: 'admitted',
  RECEIVING: 'on its way',
  SEALED: 'on its way',
  VERIFIED: 'every byte verified',
  R1_SIGNED: 'safe here (R1 signed)',
  REVIEW: 'waits for a person',
  STORING: 'into the PACS',
  STORED: 'into the PACS',
  CONFIRMED: 'seen in the PACS',
  R2_SIGNED: 'in the PACS (R2 signed)',
  CLOSED: 'in the PACS (R2 signed)',
};

/** Where there is only room for lines, these say enough. */
const STEPS_IN_LINES = new Set(['RECEIVING', 'R1_SIGNED', 'R2_SIGNED', 'HELD', 'CANCELLED', 'EXPIRED', 'QUARANTINE']);

/** Starts watching the arrivals of both members. */
export async function watchArrivals(
  story: Story,
  dataFolders: Readonly<Record<HospitalKey, string>>,
  studies: readonly MadeStudy[],
): Promise<Watch> {
  const stop = new AbortController();
  const newBoard = () => (story.stream.isTTY ? barBoard(story.stream) : lineBoard(story));
  let board: Board | undefined = newBoard();
  const pause = () => {
    board?.stop();
    board = undefined;
  };
  const readers = (Object.keys(dataFolders) as HospitalKey[]).map(async (key) => {
    const member = await adminClient(dataFolders[key]);
    const show = (event: MemberEvent, study: MadeStudy) => board?.show(titleOf(key, study), study.bytes, event);
    await follow(member, stop.signal, show, studies);
  });
  // Bars are for the eyes: a stream of events that ends changes nothing.
  for (const reader of readers) reader.catch(() => {});
  return {
    pause,
    resume: () => {
      board ??= newBoard();
    },
    stop: async () => {
      stop.abort();
      await Promise.allSettled(readers);
      pause();
    },
  };
}

/** Draws one arrival after another. */
interface Board {
  show(title: string, totalBytes: number, event: MemberEvent): void;
  stop(): void;
}

async function follow(
  member: MemberApi,
  signal: AbortSignal,
  show: (event: MemberEvent, study: MadeStudy) => void,
  studies: readonly MadeStudy[],
): Promise<void> {
  const known = new Map<string, MadeStudy | undefined>();
  for await (const event of member.events({ signal })) {
    if (event.role !== 'receiver') continue;
    if (!known.has(event.exchangeId)) {
      const job = (await member.jobs()).find((one) => one.exchangeId === event.exchangeId);
      if (job === undefined) continue;
      known.set(
        event.exchangeId,
        studies.find((study) => study.studyInstanceUid === job.studyInstanceUid),
      );
    }
    const study = known.get(event.exchangeId);
    if (study !== undefined) show(event, study);
  }
}

function titleOf(at: HospitalKey, { plan }: MadeStudy): string {
  return `${HOSPITALS[plan.from].short} ▶ ${HOSPITALS[at].short}  ${plan.title}`;
}

function barBoard(stream: NodeJS.WriteStream): Board {
  const bars = new MultiBar(
    { clearOnComplete: false, format: '   {title} {bar} {done}/{all}  {state}', hideCursor: true, barsize: 24, stream },
    Presets.shades_classic,
  );
  const shown = new Map<string, SingleBar>();
  return {
    show: (title, totalBytes, event) => {
      let bar = shown.get(title);
      if (bar === undefined) {
        bar = bars.create(totalBytes, 0, { all: '', done: '', state: '', title: title.padEnd(24) });
        shown.set(title, bar);
      }
      const done = Math.min(event.bytes, totalBytes);
      bar.update(done, { all: megabytes(totalBytes), done: megabytes(done), state: wordsFor(event.state) });
    },
    stop: () => bars.stop(),
  };
}

function lineBoard(story: Story): Board {
  const last = new Map<string, string>();
  return {
    show: (title, totalBytes, event) => {
      const state = wordsFor(event.state);
      if (!STEPS_IN_LINES.has(event.state) || last.get(title) === state) return;
      last.set(title, state);
      story.say(`${title.padEnd(24)} ${megabytes(totalBytes).padStart(8)}  ${state}`);
    },
    stop: () => {},
  };
}

function wordsFor(state: string): string {
  return WORDS[state] ?? state.toLowerCase();
}
