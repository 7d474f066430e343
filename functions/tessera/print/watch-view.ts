import type { WriteStream } from 'node:tty';
import { describeRun } from '../../../shared/runs/operate/describe-run.ts';
import { isEnded, type Run } from '../../../shared/runs/run/run.ts';
import { colors } from '../../colors.ts';
import { drawn } from '../../local/progress.ts';
import { fractionOf, stateOf } from '../../local/run-progress.ts';
import { openScreen } from '../../local/screen.ts';
import { plainText } from '../../local/shown-path.ts';
import { widthOf } from '../../local/text-width.ts';
import { wrapped } from '../../local/wrap-text.ts';
import type { Look, Seen } from '../queries/watched-runs.ts';
import type { World } from '../world/world.ts';
import { colourOf, columnsHere, inLocalTimes, localTime } from './layout.ts';
import { harmless, type Print } from './outcome.ts';

/** Where what is watched is shown. */
export interface WatchView {
  show(look: Look): void;
  /** Something about the watching itself. */
  say(line: string): void;
  close(): void;
}

export function openWatchView(print: Print, world: World, json: boolean): WatchView {
  const idle = world.idleBecause();
  if (idle !== undefined) print.err(idle);
  const onTerminal = process.stdout.isTTY && process.env.TERM !== 'dumb';
  if (json) return changes(print, (seen) => harmless(JSON.stringify(asJson(seen))), exactly);
  return onTerminal ? watchTable(world.name, process.stdout) : changes(print, lineOf, roughly);
}

/** A table that is drawn over and over; what has ended stays above it. */
export function watchTable(name: string, terminal: WriteStream): WatchView {
  const screen = openScreen(terminal);
  return {
    show: (look) => {
      for (const run of look.ended) screen.say(endOf(run).join('\n'));
      const columns = screen.columns();
      const files = look.open
        .toSorted(byArrival)
        .map((seen) => ({ name: nameOf(seen, look), standing: standingOf(seen, columns) }));
      screen.draw([summary(look, name, columns), ...drawn(files, columns, screen.rows() - 4)]);
    },
    say: (line) => screen.say(colors.yellow(plainText(line))),
    close: () => screen.close(),
  };
}

const byArrival = (a: Seen, b: Seen): number => (a.run.createdAt < b.run.createdAt ? -1 : 1);

/** Where two runs are of one key, their rules tell them apart. */
function nameOf({ run }: Seen, { open }: Look): string {
  const isOneOfMany = open.some((other) => other.run.id !== run.id && other.run.upload.key === run.upload.key);
  return plainText(isOneOfMany ? `${run.upload.key} (${run.rule.of ?? run.rule.id})` : run.upload.key);
}

/** From so many columns on, a run's id has room behind its state: that is what other commands take. */
const wideColumns = 120;

function standingOf({ run, delivered }: Seen, columns: number) {
  const state = run.cancelAsked === undefined ? stateOf(run) : 'being cancelled';
  return {
    fraction: fractionOf(run, delivered),
    state: columns < wideColumns ? state : `${state.padEnd(26)}${run.id}`,
  };
}

/** How many are where, in the order of a run's way. */
function summary({ open, further }: Look, name: string, columns: number): string {
  const counts = new Map<string, number>();
  for (const { run } of open) counts.set(stateOf(run), (counts.get(stateOf(run)) ?? 0) + 1);
  if (further > 0) counts.set('waiting', (counts.get('waiting') ?? 0) + further);
  const parts = [...counts].map(([state, number]) => `${number} ${state}`);
  const text = parts.length === 0 ? 'nothing is open just now' : parts.join(', ');
  const full = `${name}: ${text}   (Ctrl-C ends)`;
  return colors.dim(widthOf(full) < columns ? full : `${name}: ${text}`.slice(0, columns - 1));
}

function endOf(run: Run): string[] {
  const mark = run.status === 'delivered' ? (run.partial ? '!' : '✓') : run.status === 'ignored' ? '·' : '✗';
  const start = `${localTime(run.updatedAt).slice(11)} ${mark} `;
  const text = inLocalTimes(plainText(`${describeRun(run)}${nextOf(run)}`));
  return wrapped(text, columnsHere() - 1 - start.length)
    .map((line, index) => (index === 0 ? start : ' '.repeat(start.length)) + line)
    .map(colourOf(run.status));
}

const nextOf = (run: Run): string => {
  if (run.nextRunId !== undefined) return ` Its next attempt: tessera show ${run.nextRunId}`;
  return run.status === 'failed' || (run.status === 'delivered' && run.partial) ? ` More: tessera show ${run.id}` : '';
};

/** One line for each change; `stateIn`: what counts as one. */
function changes(print: Print, lineIn: (seen: Seen) => string, stateIn: (seen: Seen) => string): WatchView {
  const last = new Map<string, string>();
  const tell = (seen: Seen) => {
    const state = stateIn(seen);
    if (last.get(seen.run.id) !== state) print.out(lineIn(seen));
    if (isEnded(seen.run)) last.delete(seen.run.id);
    else last.set(seen.run.id, state);
  };
  return {
    show: ({ open, ended }) => {
      for (const seen of [...open.toSorted(byArrival), ...ended.map((run) => ({ run }))]) tell(seen);
    },
    say: (line) => print.err(plainText(line)),
    close: () => {},
  };
}

function lineOf({ run, delivered }: Seen): string {
  const time = localTime(new Date().toISOString()).slice(11);
  const text = isEnded(run)
    ? `${describeRun(run)}${nextOf(run)}`
    : `${run.upload.key}: ${stateInWords({ run, delivered })}`;
  return `${time}  ${run.id}  ${inLocalTimes(plainText(text))}`;
}

/** Every percent would be a hundred lines for each run. */
const roughly = (seen: Seen): string => `${seen.run.status} ${stateInWords(seen)}`;

function stateInWords({ run, delivered = 0 }: Seen): string {
  const asked = run.cancelAsked === undefined ? '' : ', to be cancelled';
  const reason = 'reason' in run ? `: ${run.reason}` : '';
  return `${stateOf(run)}${tens(run.status === 'running' ? run.progress : run.status === 'copying' ? delivered : 0)}${asked}${reason}`;
}

const tens = (share: number): string => (share > 0 ? ` ${Math.floor(share * 10) * 10} %` : '');

const exactly = (seen: Seen): string => {
  const { at: _, ...rest } = asJson(seen);
  return JSON.stringify(rest);
};

/** What programs get of a change; the fields of an ended run's own record are in `show --json`. */
const asJson = ({ run, delivered }: Seen) => ({
  at: new Date().toISOString(),
  runId: run.id,
  status: run.status,
  ended: isEnded(run),
  attempt: run.attempt,
  ruleId: run.rule.id,
  bucket: run.upload.bucket,
  key: run.upload.key,
  progress: 'progress' in run ? run.progress : undefined,
  delivered,
  reason: 'reason' in run ? run.reason : undefined,
  partial: 'partial' in run && isEnded(run) ? run.partial : undefined,
  outputCount: run.status === 'delivered' ? run.outputCount : undefined,
  manifestKey: run.status === 'delivered' ? run.manifestKey : undefined,
  nextRunId: run.nextRunId,
});
