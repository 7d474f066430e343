import type { APIGatewayProxyEventV2, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { asRecord } from '../../functions/local/to-sqs-record.ts';
import type { Received } from '../../shared/platform/ports.ts';
import type { FaultKind, Faults } from './faults.ts';
import type { MemoryQueue } from './ports/queue.ts';
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import type { Worker, Workshop } from './worker.ts';

interface DoorWorld {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly faults: Faults;
  readonly shop: Workshop;
}

export interface QueueDoor {
  readonly name: string;
  readonly batch: number;
  /** Workers of this door at the same time. */
  readonly atOnce: number;
  /** Until a worker is stopped, and until its messages are handed to another. */
  readonly timeoutSeconds: number;
  /** Before a message lies among the dead letters; default 5. */
  readonly maxReceives?: number;
  readonly open: (
    worker: Worker,
  ) => (event: SQSEvent, context: { getRemainingTimeInMillis(): number }) => Promise<SQSBatchResponse>;
}

/** Hands a queue's messages to workers as AWS does: several at once, and again whatever is not done in time. */
export function pump(world: DoorWorld, queue: MemoryQueue, door: QueueDoor) {
  const { scheduler, random, faults, shop } = world;
  let working = 0;

  function poll(): void {
    if (working >= door.atOnce) return;
    const most = faults.happens('batch-large') ? 10 : door.batch;
    const messages = queue.receive(random.between(1, most), door.timeoutSeconds);
    if (messages.length === 0) return;
    working += 1;
    const over = () => {
      working -= 1;
      soon();
    };
    shop.invoke(
      door.name,
      door.timeoutSeconds * 1000,
      (worker) =>
        door.open(worker)(
          { Records: messages.map((message) => asRecord(queue.name, message)) },
          { getRemainingTimeInMillis: () => worker.bornMs + door.timeoutSeconds * 1000 - scheduler.now() },
        ),
      (outcome) => {
        const failed = 'value' in outcome ? failedIn(outcome.value) : undefined;
        if (failed !== undefined) for (const message of messages) if (!failed.has(message.messageId)) remove(message);
        over();
      },
      over,
    );
    soon();
  }

  const soon = () => scheduler.after(random.below(20), poll);
  const remove = ({ receipt }: Received) =>
    scheduler.after(random.below(20), () => {
      if (!faults.happens('message-not-deleted')) queue.done(receipt);
    });

  return {
    visibleAt(ms: number): void {
      const late = faults.happens('message-delayed') ? random.below(60_000) : random.below(50);
      scheduler.after(ms - scheduler.now() + late, poll);
    },
  };
}

const failedIn = ({ batchItemFailures }: SQSBatchResponse): ReadonlySet<string> =>
  new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));

export interface HttpDoor {
  readonly open: (worker: Worker) => (event: APIGatewayProxyEventV2) => Promise<{ statusCode?: number } | string>;
  readonly answered: (runId: string, body: string, secret: string | undefined, status: number) => void;
}

/** Delivers webhooks: in any order, sometimes twice, sometimes never; what is not answered well is repeated a few times. */
export function webhookSender({ scheduler, random, faults, shop }: DoorWorld, door: HttpDoor) {
  const repeats = random.pick([0, 3]);

  function deliver(runId: string, body: string, secret: string | undefined, attempt: number): void {
    const again = (status: number) => {
      door.answered(runId, body, secret, status);
      if (status < 300 || status === 401) return;
      if (attempt < repeats) scheduler.after(60_000 * 2 ** attempt, () => deliver(runId, body, secret, attempt + 1));
      else faults.count('webhook-dropped');
    };
    shop.invoke(
      'webhook',
      20_000,
      (worker) => door.open(worker)(eventOf(random, runId, body, secret)),
      (outcome) =>
        again('value' in outcome && typeof outcome.value === 'object' ? (outcome.value.statusCode ?? 200) : 500),
      () => again(504),
    );
  }

  const delay = (kind: FaultKind, longestMs: number) => (faults.happens(kind) ? random.below(longestMs) : 0);

  return (runId: string, body: string, secret: string | undefined): void => {
    if (faults.happens('webhook-dropped')) return;
    const send = () => deliver(runId, body, secret, 0);
    scheduler.after(random.below(1_000) + delay('webhook-delayed', 3 * 3600_000), send);
    if (faults.happens('webhook-duplicated')) scheduler.after(random.below(600_000), send);
  };
}

function eventOf(random: Random, runId: string, body: string, secret: string | undefined): APIGatewayProxyEventV2 {
  const isBase64Encoded = random.chance(0.3);
  const name = random.pick(['X-Mosaic-Signature', 'x-mosaic-signature', 'X-MOSAIC-SIGNATURE']);
  return {
    headers: secret === undefined ? {} : { [name]: secret },
    pathParameters: { runId },
    body: isBase64Encoded ? Buffer.from(body).toString('base64') : body,
    isBase64Encoded,
  } as unknown as APIGatewayProxyEventV2;
}
