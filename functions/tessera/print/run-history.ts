import type { HistoryEntry } from '../../../shared/runs/operate/find-runs.ts';
import { colors } from '../../colors.ts';
import { plainText } from '../../local/shown-path.ts';
import { wrapped } from '../../local/wrap-text.ts';
import { colourOf, columnsHere, inLocalTimes, localTime } from './layout.ts';

type Move = Extract<HistoryEntry, { kind: 'move' }>;
type Report = Extract<HistoryEntry, { kind: 'event' }>;

const indent = 2;
const timeColumns = 'hh:mm:ss'.length;
const dateColumns = 'yyyy-mm-dd '.length;

interface Line {
  readonly at: string;
  readonly text: string;
  readonly paint: (text: string) => string;
}

/** What happened to a run, one thing a line, with the date where a new day begins; not again what `said` says. */
export function timeline(bornAt: string, history: readonly HistoryEntry[], said?: string): string[] {
  const born: Line = { at: bornAt, text: 'noticed', paint: (text) => text };
  const margin = indent + dateColumns + timeColumns + 2;
  let day = '';
  return [born, ...withoutRepeats(history).map((entry) => lineOf(entry, said))].flatMap(({ at, text, paint }) => {
    const time = localTime(at);
    const isNew = time.slice(0, dateColumns) !== day;
    day = time.slice(0, dateColumns);
    const [first = '', ...rest] = wrapped(inLocalTimes(plainText(text)), columnsHere() - 1 - margin);
    const shownTime = isNew ? time : time.slice(dateColumns).padStart(time.length);
    return [
      `${' '.repeat(indent)}${colors.dim(shownTime)}  ${paint(first)}`,
      ...rest.map((line) => ' '.repeat(margin) + paint(line)),
    ];
  });
}

/** Of reports that come one after the other and tell the same, the last one; the upload's own is how it was born. */
function withoutRepeats(history: readonly HistoryEntry[]): readonly HistoryEntry[] {
  const same = (a: HistoryEntry, b: HistoryEntry | undefined) =>
    a.kind === 'event' && b?.kind === 'event' && a.flag === b.flag && a.status === b.status;
  const told = history.filter((entry) => entry.kind === 'move' || entry.flag !== 'UPLOADED');
  return told.filter((entry, index) => !same(entry, told[index + 1]));
}

const lineOf = (entry: HistoryEntry, said: string | undefined): Line =>
  entry.kind === 'move'
    ? { at: entry.at, text: moveText(entry, said), paint: colourOf(entry.to) }
    : { at: entry.at, text: reportText(entry), paint: colors.dim };

const moveText = ({ to, reason }: Move, said: string | undefined): string =>
  reason === undefined || reason === said ? to : `${to}: ${reason}`;

function reportText({ flag, status, statusMessage, progress }: Report): string {
  const percent = progress === undefined ? undefined : `${Math.round(progress * 100)} %`;
  const parts = [status, percent, statusMessage].filter((part) => part !== undefined && part !== '');
  return `${ownMarks[flag] ?? `the API reports ${flag}`}${parts.length > 0 ? ` (${parts.join(', ')})` : ''}`;
}

/** Marks of our own among the reports. */
const ownMarks: Readonly<Record<string, string>> = {
  START_ANSWERED: 'the API took the start',
  UNREADABLE: 'a report that cannot be read',
  UNKNOWN: 'a report of a kind that is not known here',
};
