import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { putEvent } from './event-bus.ts';
import { accountId } from './intrinsics.ts';
import { itemsOf, putObject, versionsIn } from './stores.ts';
import { runSchedule } from './wires.ts';
import { openWorld } from './world.ts';

type Item = Record<string, unknown>;

/** What somebody does who drops videos into the uploads bucket, and what AWS does of itself. */
export async function openJourney() {
  const world = await openWorld();
  const { pipeline, engine, resolve, physical } = world;
  const uploads = physical(pipeline, 'AWS::S3::Bucket', 'Uploads');
  const deliveries = physical(pipeline, 'AWS::S3::Bucket', 'Deliveries');
  const media = physical(engine, 'AWS::S3::Bucket', 'Media');
  const runs = physical(pipeline, 'AWS::DynamoDB::GlobalTable', 'Runs');
  const records = physical(engine, 'AWS::DynamoDB::GlobalTable', 'Records');
  const created: Item[] = [];

  const tell = (detail: Item) => {
    const what = { source: 'aws.s3', 'detail-type': 'Object Created', resources: [`arn:aws:s3:::${uploads}`], detail };
    return putEvent(pipeline, resolve, what);
  };

  return {
    ...world,
    uploads,
    deliveries,
    runs,
    records,
    async upload(key: string, body: Buffer): Promise<void> {
      const object = { ...(await putObject(uploads, key, body)), sequencer: `0055AED6DCD9028${created.length}E5` };
      const detail = {
        version: '0',
        bucket: { name: uploads },
        object,
        'request-id': 'C3D13FE58DE4C810',
        requester: accountId,
        'source-ip-address': '127.0.0.1',
        reason: 'PutObject',
      };
      created.push(detail);
      if ((await tell(detail)) !== 1) throw new Error('The event of the upload did not go to exactly one queue.');
    },
    /** S3, SQS and the engine's webhooks come at least once: all of them come once more, the last one first. */
    async repeatEverything(): Promise<{ messages: number; webhooks: number[] }> {
      for (const detail of created) await tell(detail);
      const messages = world.pollers.flatMap(({ queueUrl, given }) => given.map((body) => ({ queueUrl, body })));
      for (const { queueUrl, body } of messages.reverse())
        await new SQSClient({ endpoint: process.env.AWS_ENDPOINT_URL_SQS }).send(
          new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body }),
        );
      const webhooks = [];
      for (const { rawPath, headers, body } of [...world.apis.pipeline.events].reverse()) {
        const { host: _, 'content-length': __, ...kept } = headers as Record<string, string>;
        const answer = await fetch(`${world.apis.pipeline.url}${rawPath}`, { method: 'POST', headers: kept, body });
        webhooks.push(answer.status);
      }
      return { messages: messages.length, webhooks };
    },
    reconcile: () => runSchedule(pipeline, world.functions, resolve),
    /** Everything that lasts. */
    async state() {
      const [runItems, engineItems] = await Promise.all([itemsOf(runs), itemsOf(records)]);
      return {
        // What came in is kept again where it says something else by now; nothing may follow from it.
        runs: sorted(runItems.filter(({ type }) => type !== 'event')),
        engine: sorted(engineItems),
        delivered: await versionsIn(deliveries),
        media: await versionsIn(media),
      };
    },
  };
}

export type Journey = Awaited<ReturnType<typeof openJourney>>;

const sorted = (items: readonly Item[]): Item[] =>
  items.toSorted((a, b) => `${a.pk} ${a.sk}`.localeCompare(`${b.pk} ${b.sk}`));
