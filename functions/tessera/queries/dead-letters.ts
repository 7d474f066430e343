import type { Json, Queue, Received, Table } from '../../../shared/platform/ports.ts';
import { parseStartQueueMessage } from '../../../shared/runs/run/messages.ts';
import { readRun } from '../../../shared/runs/run/move-run.ts';

/** A queue and its dead-letter queue. */
export interface Hop {
  readonly name: string;
  readonly queue: Queue;
  readonly deadLetters: Queue;
  /** How long to wait for a message before the queue counts as empty. */
  readonly waitSeconds: number;
}

/** A dead letter, as far as it can be read. */
export interface DeadLetter {
  readonly queue: string;
  readonly messageId: string;
  /** ISO time at which it was sent to the queue in which it failed. */
  readonly sentAt?: string;
  readonly runId?: string;
  /** Of the run, as it is now. */
  readonly status?: string;
  readonly key?: string;
  readonly about: string;
}

/** Dead letters are hidden while a command handles them, and visible again after a crash. */
export const visibilitySeconds = 120;

/** Reads at most `most` dead letters and leaves them in their queue. */
export async function peek(runs: Table, hop: Hop, most: number): Promise<readonly DeadLetter[]> {
  const hidden: Received[] = [];
  try {
    while (hidden.length < most) {
      const some = await receive(hop);
      hidden.push(...some);
      if (some.length === 0) break;
    }
    return await Promise.all(hidden.slice(0, most).map((message) => deadLetter(runs, hop.name, message)));
  } finally {
    for (const { receipt } of hidden) await hop.deadLetters.extend(receipt, 0);
  }
}

/** Sends some dead letters back to their queue. The queue is empty when none was sent and none was unreadable. */
export async function sendBack(hop: Hop): Promise<{ sent: number; unreadable: readonly Received[] }> {
  const { queue, deadLetters } = hop;
  const letters = await receive(hop);
  const bodies = letters.map((letter) => ({ letter, body: bodyOf(letter) }));
  const readable = bodies.filter((each): each is { letter: Received; body: Json } => each.body !== undefined);
  // Sent first, then deleted: a stop between the two sends a message twice, which is idempotent.
  await queue.send(...readable.map(({ body }) => ({ body })));
  for (const { letter } of readable) await deadLetters.done(letter.receipt);
  return { sent: readable.length, unreadable: letters.filter((letter) => bodyOf(letter) === undefined) };
}

const receive = ({ deadLetters, waitSeconds }: Hop): Promise<readonly Received[]> =>
  deadLetters.receive({ max: 10, visibilitySeconds, waitSeconds });

/** Undefined when it is not JSON: no handler accepts it, so sending it back is useless. */
function bodyOf({ body }: Received): Json | undefined {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

async function deadLetter(runs: Table, queue: string, message: Received): Promise<DeadLetter> {
  const { messageId, sentAt } = message;
  const body = bodyOf(message);
  if (body === undefined) return { queue, messageId, sentAt, about: 'no JSON: it cannot be sent back' };
  const { runId } = (body ?? {}) as { runId?: unknown };
  if (typeof runId !== 'string') return { queue, messageId, sentAt, ...aboutObject(body) };
  const run = await readRun(runs, runId);
  return {
    ...{ queue, messageId, sentAt, runId, status: run?.status, key: run?.upload.key },
    about: run === undefined ? 'a run that is not there' : aboutRun(body as AboutRun),
  };
}

type AboutRun = { readonly outputId?: unknown; readonly revision?: unknown; readonly url?: unknown };

function aboutRun({ outputId, revision, url }: AboutRun): string {
  if (typeof outputId === 'string') return `output ${outputId}`;
  if (typeof url === 'string' && URL.canParse(url)) return `a webhook to ${new URL(url).host}`;
  return typeof revision === 'number' ? 'an event' : 'the run';
}

function aboutObject(body: Json): { key?: string; about: string } {
  const message = parseStartQueueMessage(body);
  if (message.kind === 'object') return { key: message.key, about: 'an upload' };
  if (message.kind === 'start-waiting') return { about: 'starts what waits' };
  if (message.kind === 'start-run') return { about: 'the run' };
  const {
    created: [created],
    restored: [restored],
  } = message;
  if (created !== undefined) return { key: created.key, about: 'an upload' };
  if (restored !== undefined) return { key: restored.key, about: 'back from its archive' };
  return { about: 'something that is not known here' };
}
