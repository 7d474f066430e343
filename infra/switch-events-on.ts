import { pathToFileURL } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import {
  GetBucketNotificationConfigurationCommand,
  type NotificationConfiguration,
  PutBucketNotificationConfigurationCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { readStage } from './config.ts';
import { readContext } from './read-context.ts';

/**
 * Has S3 send the bucket's events to EventBridge, and leaves every other notification of the bucket as it is. S3 keeps
 * them all in one document that is only written whole: it is read, and read again when it is written.
 */
export async function switchEventsOn(bucket: string, s3: S3Client): Promise<'switched-on' | 'was-on'> {
  const found = await read(s3, bucket);
  if (found.EventBridgeConfiguration !== undefined) return 'was-on';
  const wanted: NotificationConfiguration = { ...found, EventBridgeConfiguration: {} };
  // S3 takes no condition with the write, so what can be seen of another writer is looked for just before and after.
  if (!isSame(await read(s3, bucket), found)) throw new Error(metAnother(bucket, 'Nothing was changed'));
  await write(s3, bucket, wanted);
  if (!isSame(await read(s3, bucket), wanted)) {
    throw new Error(metAnother(bucket, `Before, they were: ${JSON.stringify(found)}`));
  }
  return 'switched-on';
}

async function read(s3: S3Client, bucket: string): Promise<NotificationConfiguration> {
  const command = new GetBucketNotificationConfigurationCommand({ Bucket: bucket });
  const { $metadata: _, ...configuration } = await s3.send(command).catch((error: Error) => {
    throw new Error(
      `The notifications of ${bucket} could not be read (${error.name}: ${error.message}), so nothing was changed. Check that the bucket ` +
        'is in this account and region (AWS_PROFILE, AWS_REGION) and that you have s3:GetBucketNotification on it.',
      { cause: error },
    );
  });
  return configuration;
}

async function write(s3: S3Client, bucket: string, configuration: NotificationConfiguration): Promise<void> {
  const command = new PutBucketNotificationConfigurationCommand({
    Bucket: bucket,
    NotificationConfiguration: configuration,
    // Whoever listens already gets no test message, and one whose target is gone by now does not keep us from ours.
    SkipDestinationValidation: true,
  });
  await s3.send(command).catch((error: Error) => {
    throw new Error(
      `EventBridge could not be switched on for ${bucket} (${error.name}: ${error.message}). You need s3:PutBucketNotification on it; ` +
        'or have its owner switch it on: S3 console, the bucket, Properties, Amazon EventBridge.',
      { cause: error },
    );
  });
}

const metAnother = (bucket: string, then: string): string =>
  `Somebody else changed the notifications of ${bucket} in this moment. ${then}. Look at them in the S3 console (Properties), ` +
  'then run this again.';

/** S3 promises no order of lists, and writes names of filters in letters of its own choice. */
const isSame = (one: NotificationConfiguration, other: NotificationConfiguration): boolean =>
  isDeepStrictEqual(comparable(one), comparable(other));

function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable).sort((a, b) => compare(JSON.stringify(a), JSON.stringify(b)));
  if (value === null || typeof value !== 'object') return value;
  const fields = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(
    fields
      .toSorted(([a], [b]) => compare(a, b))
      .map(([name, one]) => [name, name === 'Name' ? String(one).toLowerCase() : comparable(one)]),
  );
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Does so for the stage's existing uploads bucket, and says what came of it; nothing for a bucket of its own. */
export async function switchStageOn(stageName: string, say: (line: string) => void = console.log): Promise<void> {
  const { uploadsBucket } = readStage(await readContext('cdk.json'), stageName);
  if (uploadsBucket === undefined) return;
  const region = process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION;
  const s3 = new S3Client({ ...(region && { region }), forcePathStyle: Boolean(process.env.AWS_ENDPOINT_URL_S3) });
  const outcome = await switchEventsOn(uploadsBucket, s3);
  say(
    outcome === 'was-on'
      ? `${uploadsBucket} sends its events to EventBridge already; nothing was changed.`
      : `${uploadsBucket} now sends its events to EventBridge too; its other notifications are as they were. It may take five ` +
          `minutes; for what is dropped meanwhile: npm run tessera -- backfill "" --stage ${stageName}`,
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await (process.argv[2] === undefined
    ? Promise.reject(new Error('Say which stage: node functions/ready.mjs infra/switch-events-on.ts <stage>'))
    : switchStageOn(process.argv[2])
  ).catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}
