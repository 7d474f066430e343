import { setTimeout as sleep } from 'node:timers/promises';
import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { InvalidInput } from '../../errors.ts';
import { awsBatchBackoff } from '../../retry.ts';
import { checkEvents, type EventEntry, maxEventBytes } from '../bus-events.ts';
import type { EventBus } from '../ports.ts';

const maxBatchEvents = 10;
const maxAttempts = 6;

let client: EventBridgeClient | undefined;

export function openEventBridgeBus(busName: string): EventBus {
  client ??= new EventBridgeClient({
    maxAttempts: 5,
    requestHandler: { connectionTimeout: 3000, requestTimeout: 10_000, throwOnRequestTimeout: true },
  });
  const events = client;
  return {
    put: async (...all) => {
      for (const batch of batchesOf(checkEvents(all))) await putBatch(events, busName, batch);
    },
  };
}

/** What EventBridge takes at once: ten, and no more bytes than one event alone may have. */
function batchesOf(entries: readonly EventEntry[]): EventEntry[][] {
  const batches: EventEntry[][] = [];
  let bytes = 0;
  for (const entry of entries) {
    const batch = batches.at(-1);
    bytes += entry.bytes;
    if (batch && batch.length < maxBatchEvents && bytes <= maxEventBytes) batch.push(entry);
    else {
      batches.push([entry]);
      bytes = entry.bytes;
    }
  }
  return batches;
}

/** Some of a batch may be taken: only the others are put again. */
async function putBatch(events: EventBridgeClient, busName: string, batch: readonly EventEntry[]): Promise<void> {
  let entries = batch.map(
    ({ type, time, detail }): PutEventsRequestEntry => ({
      ...{ EventBusName: busName, Source: 'tessera', DetailType: type, Time: new Date(time), Detail: detail },
    }),
  );
  for (let attempt = 1; ; attempt++) {
    const { Entries: answers = [] } = await events.send(new PutEventsCommand({ Entries: entries }));
    // In the order of what was put; an answer with an error code is of one that was not taken.
    const failed = answers.filter((answer) => answer.ErrorCode !== undefined);
    const refused = failed.find(({ ErrorCode = '' }) => forGood.has(ErrorCode));
    if (refused)
      throw new InvalidInput(
        `EventBridge refuses an event for ${busName}: ${refused.ErrorCode}: ${refused.ErrorMessage}`,
      );
    entries = entries.filter((_, index) => answers[index]?.ErrorCode !== undefined);
    if (entries.length === 0) return;
    if (attempt === maxAttempts)
      throw new Error(
        `EventBridge has not taken ${entries.length} of ${batch.length} events for ${busName}: ${failed[0]?.ErrorCode}: ${failed[0]?.ErrorMessage}`,
      );
    await sleep(awsBatchBackoff(attempt) * 1000);
  }
}

/** About the event itself. A bus that is not there or not allowed can be put right, so that is tried again. */
const forGood = new Set(['MalformedDetail', 'InvalidArgument', 'MalformedEvent']);
