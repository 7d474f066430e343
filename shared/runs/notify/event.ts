/** The events of runs, on the bus and by webhook. `docs/events.schema.json` is generated from this schema. */
import * as z from 'zod';
import type { EventName } from '../run/event-names.ts';
import { failureClasses } from '../run/failure-classes.ts';

const text = z.string();
const reason = text.describe('Why, in words for a person; never with a link in it.');
const nextStep = text.describe('What a person can do about it.');
const agentRunId = text.describe('The API’s name for what it runs.');

const objectSchema = z.object({
  key: text,
  versionId: text.optional(),
  etag: text.optional().describe('Without quotes.'),
  size: z.number().optional().describe('Bytes.'),
});

const common = {
  version: z.literal(1).describe('Of this form. Fields may be added to it; none changes its meaning or goes.'),
  id: text.describe('The same each time that this event is told, so that a listener acts on it once.'),
  revision: z
    .int()
    .describe('Counts the steps of one run: of two of its events, the one with the higher revision is the later.'),
  runId: text,
  rule: text.describe('The id of the rule that took the upload.'),
  agentId: text,
  attempt: z.int().describe('From 1; each attempt is a run of its own.'),
  previousRunId: text.optional().describe('The attempt before this one.'),
  createdAt: z.iso.datetime().describe('When the run began.'),
  input: objectSchema.extend({ bucket: text }).describe('The upload that started it.'),
  inputs: z.array(objectSchema).optional().describe('All that it reads, where that is not the upload alone.'),
  ofRunId: text.optional().describe('The run whose outputs it takes, where it follows another.'),
  lineage: z
    .object({ hops: z.int(), rootRunId: text, parentRunId: text })
    .optional()
    .describe('How often its video went through a pipeline before, and by which runs.'),
  data: z.record(text, z.json()).optional().describe('Your own data: of the rule, the sidecar and the metadata.'),
  leftOut: z
    .array(z.enum(['data', 'inputs', 'outputs', 'failedOutputs']))
    .optional()
    .describe('What is too long to be told whole; the manifest has all of it.'),
};

const outputSchema = z.object({
  id: text,
  kind: z.enum(['video', 'thumbnail', 'project']),
  of: text.optional().describe('The id of the video that it belongs to.'),
  key: text,
  versionId: text,
  size: z.number().describe('Bytes.'),
  contentType: text,
  checksum: z.object({ algorithm: text, value: text }).describe('Of the whole object.'),
  comparedWithSource: z.boolean().optional().describe('Whether the source told the same checksum.'),
});

const delivery = {
  status: z.literal('delivered'),
  agentRunId,
  deliveries: z.object({ bucket: text }).describe('Where all keys of outputs, and of the manifest, are.'),
  manifestKey: text.describe('It was written last: whoever sees it sees all that it names.'),
  outputCount: z.int().describe('Of the outputs that were delivered.'),
  outputs: z.array(outputSchema),
};

const failedOutputs = z
  .array(z.object({ id: text, reason }))
  .describe('Outputs that could not be delivered; none where the agent itself made only a part.');

const eventOf = <Name extends EventName, Shape extends z.ZodRawShape>(name: Name, says: string, shape: Shape) =>
  z
    .object({
      type: z.literal(name),
      timestamp: z.iso.datetime().describe('When it happened, not when it is told.'),
      data: z.object({ ...common, ...shape }),
    })
    .describe(says);

/** As a webhook's body; on the bus `type` is the detail type, `timestamp` the time, and `data` the detail. */
export const eventSchema = z.discriminatedUnion('type', [
  eventOf('Run Started', 'The agent works on it, and is paid.', { status: z.literal('running'), agentRunId }),
  eventOf('Run Delivered', 'All that the agent was to make is in the deliveries bucket.', delivery),
  eventOf('Run Partially Delivered', 'What is good is in the deliveries bucket, and what is not is named.', {
    ...delivery,
    failedOutputs,
    nextStep: nextStep.optional(),
  }),
  eventOf('Run Failed', 'Nothing of it was delivered as whole.', {
    status: z.literal('failed'),
    failure: z.enum(failureClasses).describe('Of which kind the failure is.'),
    ...{ reason, nextStep },
    agentRunId: agentRunId.optional(),
    nextRunId: text.optional().describe('The attempt that is made after this one by itself.'),
  }),
  eventOf('Run Cancelled', 'Somebody wanted its end.', {
    status: z.literal('cancelled'),
    reason,
    agentRunId: agentRunId.optional(),
  }),
  eventOf('Run Rejected', 'It was refused before anything was paid for.', {
    status: z.literal('rejected'),
    ...{ reason, nextStep },
  }),
  eventOf('Run Waiting For Credits', 'The account has no credits; it goes on by itself once there are some.', {
    status: z.enum(['waiting', 'paused']),
    ...{ reason, nextStep },
    agentRunId: agentRunId.optional(),
  }),
]);

export type RunEventTold = z.infer<typeof eventSchema>;
