import { randomUUID } from 'node:crypto';
import { checkMessages } from '../messages.ts';
import type { Clock, Outgoing, Queue, Received } from '../ports.ts';
import type { Database } from './database.ts';
import type { WakeUps } from './wake-ups.ts';

export interface QueueStorage {
  readonly database: Database;
  readonly clock: Clock;
  readonly wakeUps: WakeUps;
}

/** Another process may send to the same folder; nothing wakes us then, so a waiting receive looks by itself. */
const lookAgainMs = 1000;

export function openQueue(storage: QueueStorage, name: string, maxReceives: number): Queue {
  const { database, clock, wakeUps } = storage;
  return {
    send: async (...messages) => {
      database.transaction(() => insertMessages(storage, name, messages));
      wakeUps.wake(name);
    },
    receive: async ({ max = 10, visibilitySeconds = 30, waitSeconds = 0 } = {}) => {
      const deadline = performance.now() + waitSeconds * 1000;
      for (;;) {
        if (wakeUps.closed) return [];
        const taken = take(storage, name, { max: Math.min(max, 10), visibilitySeconds, maxReceives });
        const leftMs = deadline - performance.now();
        if (taken.length > 0 || leftMs <= 0) return taken;
        await wakeUps.next(name, Math.min(leftMs, lookAgainMs, untilNextMs(storage, name)));
      }
    },
    extend: async (receipt, seconds) => {
      const visibleMs = clock() + seconds * 1000;
      const sql = 'UPDATE messages SET visible_ms = ? WHERE receipt = ? AND queue = ?';
      if (database.run(sql, visibleMs, receipt, name) > 0 && seconds === 0) wakeUps.wake(name);
    },
    done: async (receipt) => {
      database.run('DELETE FROM messages WHERE receipt = ? AND queue = ?', receipt, name);
    },
    count: async () =>
      database.get<{ count: number }>('SELECT count(*) AS count FROM messages WHERE queue = ?', name)?.count ?? 0,
  };
}

/** For use inside a transaction. Wake the queue after its commit. */
export function insertMessages({ database, clock }: QueueStorage, queue: string, messages: readonly Outgoing[]): void {
  for (const { body, delayMs } of checkMessages(messages))
    database.run(
      'INSERT INTO messages (queue, message_id, body, visible_ms, sent_ms) VALUES (?, ?, ?, ?, ?)',
      ...[queue, randomUUID(), body, clock() + delayMs, clock()],
    );
}

interface Taking {
  max: number;
  visibilitySeconds: number;
  maxReceives: number;
}

function take(storage: QueueStorage, queue: string, { max, visibilitySeconds, maxReceives }: Taking): Received[] {
  const { database, clock, wakeUps } = storage;
  const now = clock();
  // Most looks find nothing; they should not take the write lock.
  if (!database.get('SELECT 1 FROM messages WHERE queue = ? AND visible_ms <= ? LIMIT 1', queue, now)) return [];
  const takeNext = () =>
    database.all<Row>(
      `UPDATE messages SET receives = receives + 1, visible_ms = ?, receipt = seq || '-' || hex(randomblob(12))
       WHERE seq IN (SELECT seq FROM messages WHERE queue = ? AND visible_ms <= ? ORDER BY visible_ms, seq LIMIT ?)
       RETURNING message_id AS messageId, body, receipt, receives AS receiveCount,
         sent_ms AS sentMs`,
      ...[now + visibilitySeconds * 1000, queue, now, max],
    );
  // Only what comes next is looked at: a look must not cost more the longer the queue is.
  for (;;) {
    const { taken, living } = database.transaction(() => {
      const taken = takeNext();
      const dead = taken.filter((message) => message.receiveCount > maxReceives);
      for (const { receipt } of dead) bury(database, queue, receipt, now);
      return { taken, living: taken.filter((message) => !dead.includes(message)) };
    });
    if (living.length < taken.length) wakeUps.wake(`${queue}-dead`);
    if (living.length > 0 || taken.length === 0) return living.map(received);
  }
}

type Row = Omit<Received, 'sentAt'> & { readonly sentMs: number | null };

const received = ({ sentMs, ...message }: Row): Received => ({
  ...message,
  ...(sentMs !== null && { sentAt: new Date(sentMs).toISOString() }),
});

const bury = (database: Database, queue: string, receipt: string, now: number) =>
  database.run(
    'UPDATE messages SET queue = ?, receives = 0, receipt = NULL, visible_ms = ? WHERE receipt = ? AND queue = ?',
    ...[`${queue}-dead`, now, receipt, queue],
  );

function untilNextMs({ database, clock }: QueueStorage, queue: string): number {
  const sql = 'SELECT visible_ms AS ms FROM messages WHERE queue = ? ORDER BY visible_ms LIMIT 1';
  const next = database.get<{ ms: number }>(sql, queue);
  return next ? Math.max(next.ms - clock(), 1) : Number.POSITIVE_INFINITY;
}
