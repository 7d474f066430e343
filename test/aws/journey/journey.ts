import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { putEvent } from './event-bus.ts';
import { accountId } from './intrinsics.ts';
import { listenOn } from './listener.ts';
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
  const payloads = physical(pipeline, 'AWS::S3::Bucket', 'Payloads');
  const bus = physical(pipeline, 'AWS::Events::EventBus', 'Events');
  const told: { what: string; detail: Item }[] = [];

  const tell = async (what: string, detail: Item) => {
    const event = { source: 'aws.s3', 'detail-type': what, resources: [`arn:aws:s3:::${uploads}`], detail };
    if ((await putEvent(pipeline, resolve, event)) !== 1) throw new Error(`${what} did not go to exactly one queue.`);
  };
  const tellFirst = async (what: string, object: Item, more: Item) => {
    const request = { 'request-id': 'C3D13FE58DE4C810', requester: accountId, 'source-ip-address': '127.0.0.1' };
    const detail = { version: '0', bucket: { name: uploads }, object, ...request, ...more };
    told.push({ what, detail });
    await tell(what, detail);
  };
  const send = async ({ rawPath, headers, body }: (typeof world.apis.pipeline.events)[number]): Promise<number> => {
    const { host: _, 'content-length': __, ...kept } = headers as Record<string, string>;
    return (await fetch(`${world.apis.pipeline.url}${rawPath}`, { method: 'POST', headers: kept, body })).status;
  };

  return {
    ...world,
    uploads,
    deliveries,
    payloads,
    runs,
    records,
    /** What another team has heard on the bus so far. */
    heard: await listenOn(bus),
    async upload(key: string, body: Buffer, storageClass?: 'GLACIER'): Promise<void> {
      const object = await putObject(uploads, key, body, storageClass);
      const sequencer = `0055AED6DCD9028${told.length}E5`;
      await tellFirst('Object Created', { ...object, sequencer }, { reason: 'PutObject' });
    },
    /** What S3 says some hours after it was asked to fetch an object back. */
    restored: (key: string): Promise<void> =>
      tellFirst('Object Restore Completed', { key }, { 'source-storage-class': 'GLACIER' }),
    /** The first webhook once more, with another body. */
    async report(body: string): Promise<number> {
      const [first] = world.apis.pipeline.events;
      if (first === undefined) throw new Error('No webhook has come yet.');
      return send({ ...first, body });
    },
    /** S3, SQS and the engine's webhooks come at least once: all of them come once more, the last one first. */
    async repeatEverything(): Promise<{ messages: number; webhooks: number[] }> {
      for (const { what, detail } of told) await tell(what, detail);
      const messages = world.pollers.flatMap(({ queueUrl, given }) => given.map((body) => ({ queueUrl, body })));
      for (const { queueUrl, body } of messages.reverse())
        await new SQSClient({ endpoint: process.env.AWS_ENDPOINT_URL_SQS }).send(
          new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body }),
        );
      const webhooks = [];
      for (const event of [...world.apis.pipeline.events].reverse()) webhooks.push(await send(event));
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
