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
 * Makes S3 send the bucket's events to EventBridge and leaves the bucket's other notifications unchanged. S3 keeps all of
 * them in one document that can only be replaced, so it is read before and after the write.
 */
export async function switchEventsOn(bucket: string, s3: S3Client): Promise<'switched-on' | 'was-on'> {
  const found = await read(s3, bucket);
  if (found.EventBridgeConfiguration !== undefined) return 'was-on';
  const wanted: NotificationConfiguration = { ...found, EventBridgeConfiguration: {} };
  // S3 has no conditional write here, so check for another writer just before and after.
  if (!isSame(await read(s3, bucket), found)) throw new Error(describeConflict(bucket, 'Nothing was changed'));
  await write(s3, bucket, wanted);
  if (!isSame(await read(s3, bucket), wanted)) {
    throw new Error(describeConflict(bucket, `They were: ${JSON.stringify(found)}`));
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
    // Otherwise S3 sends a test message to every target, and refuses the write if one of them no longer exists.
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

const describeConflict = (bucket: string, then: string): string =>
  `Somebody else changed the notifications of ${bucket} at the same time. ${then}. Check them in the S3 console (Properties), ` +
  'then run this again.';

/** S3 guarantees neither the order of lists nor the case of filter names. */
const isSame = (one: NotificationConfiguration, other: NotificationConfiguration): boolean =>
  isDeepStrictEqual(normalize(one), normalize(other));

function normalize(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(normalize).sort((a, b) => compare(JSON.stringify(a), JSON.stringify(b)));
  if (value === null || typeof value !== 'object') return value;
  const fields = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(
    fields
      .toSorted(([a], [b]) => compare(a, b))
      .map(([name, one]) => [name, name === 'Name' ? String(one).toLowerCase() : normalize(one)]),
  );
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Does so for a stage's existing uploads bucket and prints the outcome. Does nothing for a bucket that the stage created. */
export async function switchStageOn(stageName: string, say: (line: string) => void = console.log): Promise<void> {
  const { uploadsBucket } = readStage(await readContext('cdk.json'), stageName);
  if (uploadsBucket === undefined) return;
  const region = process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION;
  const s3 = new S3Client({ ...(region && { region }), forcePathStyle: Boolean(process.env.AWS_ENDPOINT_URL_S3) });
  const outcome = await switchEventsOn(uploadsBucket, s3);
  say(
    outcome === 'was-on'
      ? `${uploadsBucket} already sends its events to EventBridge; nothing was changed.`
      : `${uploadsBucket} now sends its events to EventBridge too; its other notifications are unchanged. It may take five ` +
          `minutes; to process uploads dropped in that time: npm run tessera -- backfill "" --stage ${stageName}`,
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
