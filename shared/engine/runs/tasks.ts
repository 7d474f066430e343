import * as z from 'zod';
import { InvalidInput } from '../../errors.ts';
import { parseWire } from '../../mosaic/parse.ts';
import type { Outgoing } from '../../platform/ports.ts';
import type { AgentRun, Render } from './agent-run.ts';

const index = z.number().int().min(0);

/** What the work queue carries: names only. Doing one twice, or late, is harmless: the table says what is left to do. */
const taskSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('render'),
    agentRunId: z.string(),
    index,
    /** Of the render when the task was queued. */
    round: z.number().int().min(0).default(0),
  }),
  z.object({
    kind: z.literal('webhook'),
    agentRunId: z.string(),
    flag: z.enum(['RUN_STARTED', 'RUN_PROGRESS', 'RUN_FINISHED']),
    /** The render that moved on, for RUN_PROGRESS. */
    index: index.optional(),
    /** From 1. */
    attempt: z.number().int().min(1),
  }),
]);

export type Task = z.infer<typeof taskSchema>;
export type RenderTask = Extract<Task, { kind: 'render' }>;
export type WebhookTask = Extract<Task, { kind: 'webhook' }>;

export function parseTask(body: string): Task {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (cause) {
    throw new InvalidInput('The work queue holds a message that is not JSON.', {}, { cause });
  }
  return parseWire(taskSchema, value, 'A message of the work queue');
}

export const renderMessage = ({ runId, index, round }: Render): Outgoing => ({
  body: { kind: 'render', agentRunId: runId, index, round },
});

/** Empty when nobody asked to be told. */
export const webhookMessages = (run: AgentRun, flag: WebhookTask['flag'], index?: number): Outgoing[] =>
  run.callbackUrl === undefined ? [] : [{ body: { kind: 'webhook', agentRunId: run.id, flag, index, attempt: 1 } }];
