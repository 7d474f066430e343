import { backfill } from '../../shared/runs/ingest/backfill.ts';
import { interruption } from '../local/interruption.ts';
import { openScreen } from '../local/screen.ts';
import { plainText } from '../local/shown-path.ts';
import { fitted } from '../local/text-width.ts';
import { columnsHere, count, quoted } from './layout.ts';
import type { Outcome } from './outcome.ts';
import type { World } from './world.ts';

/** Tells the pipeline of what lies there already. Stopped at any moment, the same command goes on behind the last page. */
export async function backfillPrefix(
  world: World,
  prefix: string,
  { again, limit, json }: { readonly again?: boolean; readonly limit?: number; readonly json?: boolean },
): Promise<Outcome> {
  const interrupted = interruption();
  const screen = process.stderr.isTTY && !json ? openScreen(process.stderr) : undefined;
  let told = { sent: 0, lastKey: '' };
  const onPage = (page: typeof told) => {
    told = page;
    const line = `  ${count(page.sent, 'object')}, now at ${plainText(page.lastKey)}`;
    screen?.draw([fitted(line, Math.min(columnsHere() - 1, line.length))]);
    if (interrupted.signal.aborted) throw new Stopped();
  };
  try {
    const { sent, done } = await backfill(world, { prefix, again, limit, onPage });
    if (sent === 0 && done) return again ? nothingThere(prefix) : nothingNew(prefix);
    return outcomeOf(world, prefix, sent, done);
  } catch (error) {
    if (error instanceof Stopped) return stopped(prefix, told.sent);
    throw error;
  } finally {
    screen?.close();
    interrupted.forget();
  }
}

class Stopped extends Error {
  override name = 'Stopped';
}

const nothingNew = (prefix: string): Outcome => ({
  lines: [
    `Nothing lies below ${whereOf(prefix)} that was not handed over before. From the beginning, for rules that are new since: --again.`,
  ],
  json: { prefix, sent: 0, done: true },
});

const nothingThere = (prefix: string): Outcome => ({
  lines: [`Nothing lies below ${whereOf(prefix)}.`],
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
