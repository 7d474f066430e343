import { setImmediate } from 'node:timers/promises';
import { backfill } from '../../../shared/runs/operate/backfill.ts';
import { interruption } from '../../local/interrupt-signal.ts';
import { openScreen } from '../../local/screen.ts';
import { plainText } from '../../local/shown-path.ts';
import { fitted } from '../../local/text-width.ts';
import { columnsHere, count, quoted } from '../print/layout.ts';
import type { Outcome } from '../print/outcome.ts';
import type { World } from '../world/world.ts';

/** Hands existing objects to the pipeline. After a stop at any moment the same command goes on after the last page. */
export async function backfillPrefix(
  world: World,
  prefix: string,
  { again = false, limit = Number.POSITIVE_INFINITY, json }: BackfillWords,
): Promise<Outcome> {
  const interrupted = interruption();
  const screen = process.stderr.isTTY && !json ? openScreen(process.stderr) : undefined;
  let sent = 0;
  const onPage = (page: { readonly sent: number; readonly lastKey: string }) => {
    const line = `  ${count(sent + page.sent, 'object')}, now at ${plainText(page.lastKey)}`;
    screen?.draw([fitted(line, Math.min(columnsHere() - 1, line.length))]);
  };
  try {
    for (let isFirst = true; sent < limit; isFirst = false) {
      const most = Math.min(pageObjects, limit - sent);
      const page = await backfill(world, { prefix, again: again && isFirst, limit: most, onPage });
      sent += page.sent;
      if (page.done) return sent === 0 ? nothing(prefix, again) : outcomeOf(world, prefix, sent, true);
      // A folder answers so fast that nothing else would have a turn, Ctrl-C least of all.
      await setImmediate();
      if (interrupted.signal.aborted) return stopped(prefix, sent);
    }
    return outcomeOf(world, prefix, sent, false);
  } finally {
    screen?.close();
    interrupted.forget();
  }
}

interface BackfillWords {
  readonly again?: boolean;
  readonly limit?: number;
  readonly json?: boolean;
}

/** As many as one list of a bucket is asked for. */
const pageObjects = 500;

const nothing = (prefix: string, again: boolean): Outcome => ({
  lines: [
    again
      ? `Nothing lies below ${whereOf(prefix)}.`
      : `Nothing lies below ${whereOf(prefix)} that was not handed over before. From the beginning, for rules that are new since: --again.`,
  ],
  json: { prefix, sent: 0, done: true },
});

const whereOf = (prefix: string): string => (prefix === '' ? 'the uploads' : `${plainText(prefix)}…`);

/** Not done, so the exit code must not say so. */
const stopped = (prefix: string, sent: number): Outcome => ({
  lines: [],
  json: { prefix, sent, done: false },
  faults: [`Stopped after ${count(sent, 'object')}. ${goOn(prefix)}`],
});

const goOn = (prefix: string): string => `From here on: tessera backfill ${quoted(prefix, 'PREFIX')}`;

function outcomeOf(world: World, prefix: string, sent: number, done: boolean): Outcome {
  const where = whereOf(prefix);
  const rest = done ? `That is all below ${where}.` : `There is more below ${where}. ${goOn(prefix)}`;
  return {
    lines: [`${count(sent, 'object')} handed over; what was taken before stays as it is. ${rest}`],
    json: { prefix, sent, done },
    note: sent > 0 ? world.idleBecause() : undefined,
  };
}
