import * as z from 'zod';
import { InvalidInput } from '../../errors.ts';
import {
  type ObjectCreated,
  type ObjectVersion,
  parseObjectCreated,
  parseObjectRestored,
} from '../../platform/events.ts';
import type { Queue } from '../../platform/ports.ts';

/** Messages hold ids only; the handler reads the current records. */
export type StartMessage =
  | { readonly kind: 'start-waiting' }
  | { readonly kind: 'start-run'; readonly runId: string }
  | ObjectMessage;

/** An object named by a back-fill or a person instead of an S3 event. */
export type ObjectMessage = {
  readonly kind: 'object';
  readonly key: string;
  readonly versionId?: string;
  readonly etag?: string;
  readonly size?: number;
  readonly sequencer?: string;
  /** ISO time of the object's creation. */
  readonly time?: string;
  /** Access was denied before, and that was logged. */
  readonly deniedBefore?: boolean;
};

export type SettleMessage = { readonly runId: string };
export type CopyMessage = {
  readonly runId: string;
  readonly outputId: string;
  /** Bytes copied when the previous slice handed over. */
  readonly arrivedBytes?: number;
};
/** A run's move to announce; with `url`, only to that receiver, so that each receiver has its own retries. */
export type NotifyMessage = { readonly runId: string; readonly revision: number; readonly url?: string };

const startSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('start-waiting') }),
  z.object({ kind: z.literal('start-run'), runId: z.string() }),
  z.object({
    kind: z.literal('object'),
    key: z.string().min(1),
    versionId: z.string().optional(),
    etag: z.string().optional(),
    size: z.number().optional(),
    sequencer: z.string().optional(),
    time: z.string().optional(),
    deniedBefore: z.boolean().optional(),
  }),
]);
const settleSchema = z.object({ runId: z.string() });
const copySchema = z.object({ runId: z.string(), outputId: z.string(), arrivedBytes: z.number().optional() });
const notifySchema = z.object({ runId: z.string(), revision: z.int(), url: z.string().optional() });

/** Undefined for other messages: the queue also carries the bucket's events. */
/** What a message of the start queue says: one of ours, or an S3 event about objects. */
export type StartQueueMessage =
  | StartMessage
  | {
      readonly kind: 's3-event';
      readonly created: readonly ObjectCreated[];
      readonly restored: readonly ObjectVersion[];
    };

export function parseStartQueueMessage(body: unknown): StartQueueMessage {
  const ours = startSchema.safeParse(body).data;
  return ours ?? { kind: 's3-event', created: parseObjectCreated(body), restored: parseObjectRestored(body) };
}

export const parseSettleMessage = (body: unknown): SettleMessage => parse(settleSchema, body, 'settle');
export const parseCopyMessage = (body: unknown): CopyMessage => parse(copySchema, body, 'copy');

export const parseNotifyMessage = (body: unknown): NotifyMessage => parse(notifySchema, body, 'notify');

/** Wakes start-waiting. The queue caps delays at 15 minutes; reconcile wakes what is due later. */
export const wakeStartWaiting = (startQueue: Queue, delaySeconds = 0): Promise<void> =>
  startQueue.send({ body: { kind: 'start-waiting' }, delaySeconds: capped(delaySeconds) });

export const wakeStartRun = (startQueue: Queue, ...runIds: readonly string[]): Promise<void> =>
  startQueue.send(...runIds.map((runId) => ({ body: { kind: 'start-run', runId } })));

export const sendObjects = (
  startQueue: Queue,
  objects: readonly Omit<ObjectMessage, 'kind'>[],
  delaySeconds = 0,
): Promise<void> =>
  startQueue.send(...objects.map((object) => ({ body: { kind: 'object', ...object }, delaySeconds })));

export const wakeSettle = (settleQueue: Queue, runIds: readonly string[], delaySeconds = 0): Promise<void> =>
  settleQueue.send(...runIds.map((runId) => ({ body: { runId }, delaySeconds: capped(delaySeconds) })));

export const askForCopies = (copyQueue: Queue, runId: string, outputIds: readonly string[]): Promise<void> =>
  copyQueue.send(...outputIds.map((outputId) => ({ body: { runId, outputId } })));

const capped = (seconds: number): number => Math.min(900, Math.max(0, Math.ceil(seconds)));

function parse<T>(schema: z.ZodType<T>, body: unknown, what: string): T {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new InvalidInput(`This is not a ${what} message: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}

export const wakeNotify = (notifyQueue: Queue, ...messages: readonly NotifyMessage[]): Promise<void> =>
  notifyQueue.send(...messages.map(({ runId, revision, url }) => ({ body: { runId, revision, url } })));
