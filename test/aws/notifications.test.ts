import {
  type Event,
  GetBucketNotificationConfigurationCommand,
  type NotificationConfiguration,
  PutBucketNotificationConfigurationCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { switchEventsOn } from '../../infra/switch-events-on.ts';
import { type Exchange, startFaultProxy } from './fault-proxy.ts';
import { createBucket } from './resources.ts';

const created: Event[] = ['s3:ObjectCreated:*'];
const removed: Event[] = ['s3:ObjectRemoved:Delete'];
const rule = (Name: 'prefix' | 'suffix', Value: string) => ({ Name, Value });

/** What a bucket of somebody else's may look like. */
const others: NotificationConfiguration = {
  QueueConfigurations: [
    {
      Id: 'archive',
      QueueArn: 'arn:aws:sqs:us-east-1:123456789012:archive',
      Events: created,
      Filter: { Key: { FilterRules: [rule('prefix', 'raw/ü ä+%/'), rule('suffix', '.MOV')] } },
    },
    { Id: 'audit', QueueArn: 'arn:aws:sqs:us-east-1:123456789012:audit', Events: removed },
  ],
  TopicConfigurations: [
    {
      Id: 'editors',
      TopicArn: 'arn:aws:sns:us-east-1:123456789012:editors',
      Events: [...created, ...removed],
      Filter: { Key: { FilterRules: [rule('suffix', '.mp4')] } },
    },
  ],
  LambdaFunctionConfigurations: [
    {
      Id: 'thumbnails',
      LambdaFunctionArn: 'arn:aws:lambda:us-east-1:123456789012:function:thumbnails',
      Events: created,
      Filter: { Key: { FilterRules: [rule('prefix', 'stills/')] } },
    },
  ],
};

describe.skipIf(!process.env.AWS_ENDPOINT_URL_S3)('Switching events on for a bucket that others use, too', () => {
  let proxy: Awaited<ReturnType<typeof startFaultProxy>>;
  let s3: S3Client;
  let bucket = '';
  const writes: string[] = [];
  const switched = new Set<string>();
  /** What somebody else does just before the next request is passed on, in order. */
  let meanwhile: (() => Promise<unknown>)[] = [];

  const put = (configuration: NotificationConfiguration) =>
    new S3Client({ forcePathStyle: true }).send(
      new PutBucketNotificationConfigurationCommand({ Bucket: bucket, NotificationConfiguration: configuration }),
    );
  const stored = async () => {
    const command = new GetBucketNotificationConfigurationCommand({ Bucket: bucket });
    const { $metadata: _, ...configuration } = await s3.send(command);
    return configuration;
  };

  /** The emulator keeps the switch to EventBridge but, unlike S3, does not tell it again. */
  async function tellSwitch({ method, request, forward }: Exchange) {
    await meanwhile.shift()?.();
    if (method === 'PUT') {
      writes.push(request.toString());
      if (request.includes('EventBridgeConfiguration')) switched.add(bucket);
      return undefined;
    }
    const answer = await forward();
    const element = switched.has(bucket) ? '<EventBridgeConfiguration/>' : '';
    const body = answer.body.includes('</NotificationConfiguration>')
      ? answer.body.replace('</NotificationConfiguration>', `${element}</NotificationConfiguration>`)
      : answer.body.replace(
          /<NotificationConfiguration([^>]*)\/>/,
          `<NotificationConfiguration$1>${element}</NotificationConfiguration>`,
        );
    return { ...answer, body };
  }

  beforeAll(async () => {
    proxy = await startFaultProxy(process.env.AWS_ENDPOINT_URL_S3 ?? '', tellSwitch);
    s3 = new S3Client({ endpoint: proxy.url, forcePathStyle: true, maxAttempts: 1 });
  });
  beforeEach(async () => {
    bucket = await createBucket();
    writes.length = 0;
    meanwhile = [];
  });
  afterAll(() => proxy?.stop());

  test('every queue, topic and function with its filters stays as it was', async () => {
    await put(others);
    const before = await stored();
    expect(await switchEventsOn(bucket, s3)).toBe('switched-on');
    expect(await stored()).toEqual({ ...before, EventBridgeConfiguration: {} });
    expect(before).toMatchObject(others);
  });

  test('a bucket that tells nobody yet is switched on', async () => {
    expect(await switchEventsOn(bucket, s3)).toBe('switched-on');
    expect(await stored()).toMatchObject({ EventBridgeConfiguration: {} });
  });

  test('a bucket that is switched on already is not written to', async () => {
    await put(others);
    await switchEventsOn(bucket, s3);
    writes.length = 0;
    expect(await switchEventsOn(bucket, s3)).toBe('was-on');
    expect(writes).toEqual([]);
  });

  test('when somebody changes them at the same time nothing is written, and it is said', async () => {
    await put(others);
    const { TopicConfigurations: _, ...fewer } = others;
    meanwhile = [async () => {}, () => put(fewer)];
    await expect(switchEventsOn(bucket, s3)).rejects.toThrow(
      /Somebody else changed .* Nothing was changed.* run this again/s,
    );
    expect(writes).toEqual([]);
  });

  test('when what was written is not there afterwards, it is said what was there before', async () => {
    await put(others);
    const { TopicConfigurations: _, ...fewer } = others;
    meanwhile = [async () => {}, async () => {}, async () => {}, () => put(fewer)];
    await expect(switchEventsOn(bucket, s3)).rejects.toThrow(/They were: .*editors/s);
  });

  test('what may not be read is not written, and it is said which permission is missing', async () => {
    const missing = switchEventsOn('no-such-bucket', s3);
    await expect(missing).rejects.toThrow(/could not be read .*nothing was changed.*s3:GetBucketNotification/s);
    expect(writes).toEqual([]);
  });
});
