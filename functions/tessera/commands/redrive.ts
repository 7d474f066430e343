import { setImmediate } from 'node:timers/promises';
import { InvalidInput } from '../../../shared/errors.ts';
import { isRunId } from '../../../shared/runs/run/ids.ts';
import { interruption } from '../../local/interrupt-signal.ts';
import { count, localTime, table } from '../print/layout.ts';
import type { Outcome } from '../print/outcome.ts';
import { type DeadLetter, type Hop, peek, sendBack } from '../queries/dead-letters.ts';
import type { World } from '../world/world.ts';
import { redeliver } from './redeliver.ts';

/** `redrive`: dead letters go back to where they failed; of a run, its delivery is done again. */
export async function redrive(
  world: World,
  words: readonly string[],
  { dryRun = false }: { readonly dryRun?: boolean },
): Promise<Outcome> {
  const [first, ...others] = words;
  if (first !== undefined && isRunId(first)) {
    if (others.length > 0) throw new InvalidInput('One run at a time: tessera redrive RUN.');
    return redeliver(world, first, dryRun);
  }
  const hops = chosen(world.hops(), words);
  return dryRun ? listDeadLetters(world, hops) : sendAllBack(world, hops);
}

function chosen(hops: readonly Hop[], names: readonly string[]): readonly Hop[] {
  const unknown = names.find((name) => !hops.some((hop) => hop.name === name));
  if (unknown !== undefined)
    throw new InvalidInput(
      `${unknown} is neither a run nor a queue. The queues are ${hops.map(({ name }) => name).join(', ')}.`,
    );
  return names.length === 0 ? hops : hops.filter(({ name }) => names.includes(name));
}

/** More than a person reads are only counted. */
const mostLookedAt = 200;

async function listDeadLetters(world: World, hops: readonly Hop[]): Promise<Outcome> {
  const letters = (await Promise.all(hops.map((hop) => peek(world.runs, hop, mostLookedAt)))).flat();
  const total = (await Promise.all(hops.map(({ deadLetters }) => deadLetters.count()))).reduce((a, b) => a + b, 0);
  if (letters.length === 0) return { lines: [`No dead letters in ${namesOf(hops)}.`], json: [] };
  const further = Math.max(0, total - letters.length);
  return {
    lines: [...tableOf(letters, world.clock()), '', 'Nothing was changed. To have them tried again: tessera redrive'],
    json: letters.map((letter) => ({ ...letter, ageSeconds: ageSeconds(letter, world.clock()) })),
    note: further > 0 ? `And about ${further} more.` : undefined,
  };
}

function tableOf(letters: readonly DeadLetter[], nowMs: number): string[] {
  const rows = letters.map((letter) => {
    const { queue, sentAt, runId, status, key, about } = letter;
    const sent = sentAt === undefined ? '' : localTime(sentAt).slice(5, 16);
    const run = status === undefined ? about : `${about}, ${status} now`;
    return [queue, sent, ageInWords(ageSeconds(letter, nowMs)), runId ?? '', run, key ?? ''];
  });
  return table(['queue', 'sent', 'age', 'run', 'about', 'object'], rows);
}

const ageSeconds = ({ sentAt }: DeadLetter, nowMs: number): number | undefined =>
  sentAt === undefined ? undefined : Math.max(0, Math.round((nowMs - Date.parse(sentAt)) / 1000));

function ageInWords(seconds: number | undefined): string {
  if (seconds === undefined) return '';
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return seconds < 2 * 86_400 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`;
}

async function sendAllBack(world: World, hops: readonly Hop[]): Promise<Outcome> {
  const interrupted = interruption();
  const sent: Record<string, number> = {};
  const unreadable: string[] = [];
  try {
    for (const hop of hops) {
      const done = await emptied(hop, interrupted.signal);
      sent[hop.name] = done.sent;
      unreadable.push(...done.unreadable.map((messageId) => `${hop.name}: message ${messageId}`));
    }
  } finally {
    interrupted.forget();
  }
  return outcomeOf(world, hops, sent, { unreadable, stopped: interrupted.signal.aborted });
}

async function emptied(hop: Hop, signal: AbortSignal): Promise<{ sent: number; unreadable: readonly string[] }> {
  let sent = 0;
  const unreadable: string[] = [];
  while (!signal.aborted) {
    const some = await sendBack(hop);
    sent += some.sent;
    unreadable.push(...some.unreadable.map(({ messageId }) => messageId));
    if (some.sent + some.unreadable.length === 0) break;
    // A folder answers so fast that nothing else would have a turn, Ctrl-C least of all.
    await setImmediate();
  }
  return { sent, unreadable };
}

function outcomeOf(
  world: World,
  hops: readonly Hop[],
  sent: Readonly<Record<string, number>>,
  { unreadable, stopped }: { readonly unreadable: readonly string[]; readonly stopped: boolean },
): Outcome {
  const total = Object.values(sent).reduce((a, b) => a + b, 0);
  const parts = Object.entries(sent).flatMap(([name, number]) => (number > 0 ? [`${number} in ${name}`] : []));
  const faults = [
    ...unreadable.map((which) => `${which} is no JSON, so it stays where it is: no queue of ours would take it.`),
    ...(stopped ? ['Stopped. The same command goes on with the rest.'] : []),
  ];
  const json = { sent, unreadable: unreadable.length, done: !stopped };
  if (total === 0) return { lines: faults.length > 0 ? [] : [`No dead letters in ${namesOf(hops)}.`], json, faults };
  return {
    lines: [
      `${count(total, 'message')} back: ${parts.join(', ')}. How it goes: tessera watch.`,
      `What fails again is here again after some tries; why, is in ${world.isStage ? "the log of that queue's function" : 'what npm start -- --verbose prints'}.`,
    ],
    json,
    faults,
    note: world.idleBecause(),
  };
}

const namesOf = (hops: readonly Hop[]): string => hops.map(({ name }) => name).join(', ');
