import { describe, expect } from 'vitest';
import { InvalidInput } from '../../shared/errors.ts';
import type { Json, Queue, Received } from '../../shared/platform/ports.ts';
import { checker, type Gaps } from './contract.ts';

export interface QueuePair {
  readonly queue: Queue;
  /** Where a message is found once it was received `maxReceives` times and not done. */
  readonly deadLetters: Queue;
}

/** What every `Queue` promises. Each test opens a queue of its own. */
export function queueContract(
  name: string,
  open: (options: { maxReceives: number }) => Promise<QueuePair>,
  gaps?: Gaps,
): void {
  describe(`${name} is a queue`, () => {
    const check = checker(gaps);
    const openQueue = async () => (await open({ maxReceives: 5 })).queue;

    check('delivers what was sent, as JSON text, with a first receive count of 1', async () => {
      const queue = await openQueue();
      const body = { runId: 'r1', text: 'Grüße 世界 🎬 \uFFFF \u0000 <&>"', list: [1, null, true] };
      await queue.send({ body });
      const message = await receiveOne(queue);
      expect(JSON.parse(message.body)).toEqual(body);
      expect(message.receiveCount).toBe(1);
    });

    check('answers an empty list when there is nothing', async () => {
      expect(await (await openQueue()).receive({ waitSeconds: 0 })).toEqual([]);
    });

    check('sends any number of messages, and a receive gives ten at most', async () => {
      const queue = await openQueue();
      await queue.send(...Array.from({ length: 25 }, (_, n) => ({ body: { n } })));
      await queue.send();
      const got: Received[] = [];
      while (got.length < 25) {
        const some = await queue.receive({ max: 50, visibilitySeconds: 60, waitSeconds: 2 });
        expect(some.length).toBeLessThanOrEqual(10);
        if (some.length === 0) break;
        got.push(...some);
      }
      expect(got.map(({ body }) => JSON.parse(body).n).sort((a, b) => a - b)).toEqual([...Array(25).keys()]);
      expect(new Set(got.map((message) => message.messageId)).size).toBe(25);
    });

    check('sends messages that together are larger than one batch', async () => {
      const queue = await openQueue();
      await queue.send(...Array.from({ length: 6 }, (_, n) => ({ body: { n, text: 'x'.repeat(60 * 1024) } })));
      const got = new Set<number>();
      while (got.size < 6) {
        const some = await queue.receive({ waitSeconds: 2, visibilitySeconds: 60 });
        if (some.length === 0) break;
        for (const { body } of some) got.add(JSON.parse(body).n);
      }
      expect(got.size).toBe(6);
    });

    check('hides a message from others until it is done', async () => {
      const queue = await openQueue();
      await queue.send({ body: 1 });
      const message = await receiveOne(queue);
      expect(await queue.receive()).toEqual([]);
      await queue.done(message.receipt);
      await queue.done(message.receipt);
      expect(await queue.receive()).toEqual([]);
    });

    check('delivers again, and counts, what was not done in time', async () => {
      const queue = await openQueue();
      await queue.send({ body: 1 });
      const [first] = await queue.receive({ visibilitySeconds: 1, waitSeconds: 2 });
      const again = await receiveOne(queue, 10);
      expect(again.messageId).toBe(first?.messageId);
      expect(again.receiveCount).toBe(2);
    });

    check('delivers a delayed message later, others first', async () => {
      const queue = await openQueue();
      await queue.send({ body: 'late', delaySeconds: 2 }, { body: 'now' });
      const first = await receiveOne(queue);
      expect(JSON.parse(first.body)).toBe('now');
      expect(JSON.parse((await receiveOne(queue, 10)).body)).toBe('late');
    });

    check('extend to 0 releases a message at once; extending keeps it hidden', async () => {
      const queue = await openQueue();
      await queue.send({ body: 1 });
      const [first] = await queue.receive({ visibilitySeconds: 2, waitSeconds: 2 });
      await queue.extend(first?.receipt ?? '', 600);
      // Longer than the first visibility: without the extension the message would come in this time.
      expect(await queue.receive({ waitSeconds: 3 })).toEqual([]);
      await queue.extend(first?.receipt ?? '', 0);
      expect((await receiveOne(queue)).receiveCount).toBe(2);
    });

    check('a receipt is void, without an error, once its message is done', async () => {
      const queue = await openQueue();
      await queue.send({ body: 1 });
      const { receipt } = await receiveOne(queue);
      await queue.done(receipt);
      await queue.extend(receipt, 0);
      expect(await queue.receive()).toEqual([]);
    });

    check('a message that is never done ends among the dead letters, unchanged', async () => {
      const { queue, deadLetters } = await open({ maxReceives: 2 });
      const body: Json = { runId: 'poison' };
      await queue.send({ body });
      for (const count of [1, 2]) {
        const message = await receiveOne(queue);
        expect(message.receiveCount).toBe(count);
        await queue.extend(message.receipt, 0);
      }
      expect(await queue.receive({ waitSeconds: 0 })).toEqual([]);
      const dead = await receiveOne(deadLetters);
      expect(JSON.parse(dead.body)).toEqual(body);
      await deadLetters.done(dead.receipt);
      expect(await deadLetters.receive()).toEqual([]);
    });

    check('a receive that waits gets a message that is sent meanwhile', async () => {
      const queue = await openQueue();
      const waiting = queue.receive({ waitSeconds: 10 });
      await queue.send({ body: 'here' });
      expect((await waiting).map(({ body }) => JSON.parse(body))).toEqual(['here']);
    });

    check('counts what it has: what can be received, what is hidden, what comes later', async () => {
      const queue = await openQueue();
      expect(await queue.count()).toBe(0);
      await queue.send({ body: 1 }, { body: 2 }, { body: 3, delaySeconds: 600 });
      const message = await receiveSome(queue);
      expect(await queue.count()).toBe(3);
      await queue.done(message.receipt);
      expect(await queue.count()).toBe(2);
    });

    check('a message tells when it was sent, among the dead letters too', async () => {
      const { queue, deadLetters } = await open({ maxReceives: 1 });
      await queue.send({ body: 'poison' });
      const message = await receiveOne(queue);
      expect(new Date(message.sentAt ?? '').toISOString()).toBe(message.sentAt);
      await queue.extend(message.receipt, 0);
      expect(await queue.receive()).toEqual([]);
      expect((await receiveOne(deadLetters)).sentAt).toBe(message.sentAt);
    });

    check('dead letters go back to their queue: received, sent again, done', async () => {
      const { queue, deadLetters } = await open({ maxReceives: 1 });
      await queue.send({ body: { runId: 'r1' } });
      await queue.extend((await receiveOne(queue)).receipt, 0);
      expect(await queue.receive()).toEqual([]);
      const dead = await receiveOne(deadLetters);
      await queue.send({ body: JSON.parse(dead.body) });
      await deadLetters.done(dead.receipt);
      expect(await deadLetters.count()).toBe(0);
      expect(await receiveOne(queue)).toMatchObject({ body: dead.body, receiveCount: 1 });
    });

    check('refuses a delay or a size that can never be sent', async () => {
      const queue = await openQueue();
      await expect(queue.send({ body: 1, delaySeconds: 901 })).rejects.toThrow(InvalidInput);
      await expect(queue.send({ body: 1 }, { body: 'x'.repeat(1024 * 1024) })).rejects.toThrow(InvalidInput);
      expect(await queue.receive()).toEqual([]);
    });
  });
}

async function receiveSome(queue: Queue): Promise<Received> {
  const [message] = await queue.receive({ max: 1, waitSeconds: 5, visibilitySeconds: 60 });
  if (!message) throw new Error('No message came.');
  return message;
}

async function receiveOne(queue: Queue, waitSeconds = 5): Promise<Received> {
  const [message, ...more] = await queue.receive({ waitSeconds, visibilitySeconds: 60 });
  expect(more).toEqual([]);
  if (!message) throw new Error('No message came.');
  return message;
}
