import { checkMessages } from '../../../shared/platform/messages.ts';
import type { Clock, Outgoing, Queue, Received } from '../../../shared/platform/ports.ts';

interface Message {
  readonly messageId: string;
  readonly body: string;
  visibleMs: number;
  receives: number;
  receipt: string;
  readonly sentAt: string;
}

/** A queue in memory whose every operation is done at once; `asQueue` gives it the port's shape. */
export interface MemoryQueue {
  readonly name: string;
  send(messages: readonly Outgoing[]): void;
  /** A message that was sent before, to another queue. */
  add(body: string, sentAt: string): void;
  receive(max: number, visibilitySeconds: number): Received[];
  extend(receipt: string, seconds: number): void;
  done(receipt: string): void;
  /** When the next of its messages can be received. */
  nextVisible(): number | undefined;
  /** All that are not done, received or not. */
  left(): readonly string[];
  /** Moves every message to another queue, as new. */
  moveTo(other: MemoryQueue): number;
}

export interface QueueOptions {
  readonly clock: Clock;
  readonly newId: () => string;
  readonly maxReceives?: number;
  readonly deadLetters?: MemoryQueue;
  /** Which of so many visible messages is handed out next: a queue promises no order. */
  readonly choose?: (count: number) => number;
  /** Told of each message's new time of being visible. */
  readonly visibleAt?: (ms: number) => void;
  readonly seen?: (text: string) => void;
}

export function memoryQueue(name: string, options: QueueOptions): MemoryQueue {
  const { clock, newId, maxReceives = Number.POSITIVE_INFINITY, deadLetters, choose = () => 0 } = options;
  const { visibleAt = () => {}, seen = () => {} } = options;
  let messages: Message[] = [];
  const add = (body: string, visibleMs: number, sentAt = new Date(clock()).toISOString()) => {
    seen(body);
    messages.push({
      messageId: newId(),
      body,
      visibleMs,
      receives: 0,
      receipt: '',
      sentAt,
    });
    visibleAt(visibleMs);
  };
  return {
    name,
    add: (body, sentAt) => add(body, clock(), sentAt),
    send: (outgoing) => {
      for (const { body, delayMs } of checkMessages(outgoing)) add(body, clock() + delayMs);
    },
    receive(max, visibilitySeconds) {
      const visible = messages.filter(({ visibleMs }) => visibleMs <= clock());
      const spent = visible.filter(({ receives }) => receives >= maxReceives);
      messages = messages.filter((message) => !spent.includes(message));
      // As in SQS, a dead letter keeps the time it was first sent.
      for (const { body, sentAt } of spent) deadLetters?.add(body, sentAt);
      const due = visible.filter((message) => !spent.includes(message)).sort((a, b) => a.visibleMs - b.visibleMs);
      const taken: Received[] = [];
      while (taken.length < Math.min(max, 10) && due.length > 0) {
        const [message] = due.splice(choose(due.length), 1);
        if (message === undefined) break;
        message.receives += 1;
        message.receipt = `${message.messageId}-${message.receives}`;
        message.visibleMs = clock() + visibilitySeconds * 1000;
        visibleAt(message.visibleMs);
        const { messageId, body, receipt, receives: receiveCount, sentAt } = message;
        taken.push({ messageId, body, receipt, receiveCount, sentAt });
      }
      return taken;
    },
    extend(receipt, seconds) {
      const message = messages.find((each) => each.receipt === receipt);
      if (message === undefined) return;
      message.visibleMs = clock() + seconds * 1000;
      visibleAt(message.visibleMs);
    },
    done(receipt) {
      messages = messages.filter((each) => each.receipt !== receipt);
    },
    nextVisible: () =>
      messages.length === 0 ? undefined : messages.reduce((ms, each) => Math.min(ms, each.visibleMs), Infinity),
    left: () => messages.map(({ body }) => body),
    moveTo(other) {
      const moved = messages.length;
      other.send(messages.map(({ body }) => ({ body: JSON.parse(body) })));
      messages = [];
      return moved;
    },
  };
}

/** `sleep` lets a receive wait in real time; without it none waits. */
export const asQueue = (memory: MemoryQueue, sleep?: (ms: number) => Promise<unknown>): Queue => ({
  send: async (...messages) => memory.send(messages),
  receive: async ({ max = 10, visibilitySeconds = 30, waitSeconds = 0 } = {}) => {
    for (let waitedMs = 0; ; waitedMs += 20) {
      const taken = memory.receive(max, visibilitySeconds);
      if (taken.length > 0 || sleep === undefined || waitedMs >= waitSeconds * 1000) return taken;
      await sleep(20);
    }
  },
  extend: async (receipt, seconds) => memory.extend(receipt, seconds),
  done: async (receipt) => memory.done(receipt),
  count: async () => memory.left().length,
});
