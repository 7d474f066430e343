import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { InvalidInput } from '../errors.ts';
import type { Json } from './ports.ts';

/** An object that became visible in a bucket. */
export interface ObjectCreated {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string;
  readonly etag?: string;
  readonly size?: number;
  /** Orders the events of one key: compare as text, the shorter one padded with zeros on the right. */
  readonly sequencer?: string;
  /** The S3 operation, for example `PutObject` or `CompleteMultipartUpload`. */
  readonly reason?: string;
  /** ISO 8601. */
  readonly time: string;
}

/** The objects that an EventBridge event or an S3 notification reports as created; none for any other event. */
export function parseObjectCreated(event: unknown): ObjectCreated[] {
  const { data } = envelope.safeParse(event);
  if (data?.Records) return data.Records.filter(isObjectCreatedRecord).map((record) => fromRecord(record));
  if (data?.source === 'aws.s3' && data['detail-type'] === 'Object Created') return [fromEventBridge(event)];
  return [];
}

/** A version of an object; without a version id, the bucket keeps none. */
export interface ObjectVersion {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string;
}

/** The archived objects whose bytes an EventBridge event or an S3 notification reports as back; none for any other. */
export function parseObjectRestored(event: unknown): ObjectVersion[] {
  const { data } = envelope.safeParse(event);
  if (data?.Records) return data.Records.filter(isObjectRestoredRecord).map((record) => versionOf(fromRecord(record)));
  if (data?.source !== 'aws.s3' || data['detail-type'] !== 'Object Restore Completed') return [];
  return [versionOf(fromEventBridge(event))];
}

const versionOf = ({ bucket, key, versionId }: ObjectCreated): ObjectVersion => ({
  bucket,
  key,
  ...(versionId !== undefined && { versionId }),
});

/** What EventBridge would send for this object. */
export function objectCreatedEvent(object: ObjectCreated): Json {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'Object Created',
    source: 'aws.s3',
    account: '000000000000',
    time: object.time,
    region: 'local',
    resources: [`arn:aws:s3:::${object.bucket}`],
    detail: {
      version: '0',
      bucket: { name: object.bucket },
      object: {
        key: object.key,
        size: object.size,
        etag: object.etag,
        'version-id': object.versionId,
        sequencer: object.sequencer,
      },
      reason: object.reason ?? 'PutObject',
    },
  };
}

const envelope = z.looseObject({
  Records: z.array(z.unknown()).optional(),
  source: z.string().optional(),
  'detail-type': z.string().optional(),
});

const eventBridgeSchema = z.looseObject({
  time: z.string(),
  detail: z.looseObject({
    bucket: z.looseObject({ name: z.string().min(1) }),
    object: z.looseObject({
      key: z.string().min(1),
      size: z.number().optional(),
      etag: z.string().optional(),
      'version-id': z.string().optional(),
      sequencer: z.string().optional(),
    }),
    reason: z.string().optional(),
  }),
});

function fromEventBridge(event: unknown): ObjectCreated {
  const { time, detail } = read(eventBridgeSchema, event, 'An EventBridge event of an object');
  const { key, size, etag, sequencer, 'version-id': versionId } = detail.object;
  return defined({ bucket: detail.bucket.name, key, versionId, etag, size, sequencer, reason: detail.reason, time });
}

const isObjectCreatedRecord = (record: unknown): boolean => isNamed(record, /^(s3:)?ObjectCreated:/);

const isObjectRestoredRecord = (record: unknown): boolean => isNamed(record, /^(s3:)?ObjectRestore:Completed$/);

const isNamed = (record: unknown, name: RegExp): boolean =>
  z.looseObject({ eventName: z.string().regex(name) }).safeParse(record).success;

const recordSchema = z.looseObject({
  eventTime: z.string(),
  eventName: z.string(),
  s3: z.looseObject({
    bucket: z.looseObject({ name: z.string().min(1) }),
    object: z.looseObject({
      key: z.string().min(1),
      size: z.number().optional(),
      eTag: z.string().optional(),
      versionId: z.string().optional(),
      sequencer: z.string().optional(),
    }),
  }),
});

/** The names EventBridge gives to the operations that a notification shortens. */
const reasons: Record<string, string> = { Put: 'PutObject', Post: 'POST Object', Copy: 'CopyObject' };

function fromRecord(record: unknown): ObjectCreated {
  const { eventName, eventTime, s3 } = read(recordSchema, record, 'An S3 notification');
  const operation = eventName.split(':').at(-1) ?? '';
  const { size, eTag, versionId, sequencer } = s3.object;
  return defined({
    bucket: s3.bucket.name,
    key: decodedKey(s3.object.key),
    versionId,
    etag: eTag,
    size,
    sequencer,
    reason: reasons[operation] ?? operation,
    time: eventTime,
  });
}

/** Notifications, unlike EventBridge, send the key as a form field: `+` is a space and the rest is percent-encoded. */
function decodedKey(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll('+', ' '));
  } catch (cause) {
    throw new InvalidInput(`An S3 notification has a key that is not URL-encoded: ${key}`, {}, { cause });
  }
}

function read<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new InvalidInput(`${what} cannot be read: ${issue?.path.join('.')}: ${issue?.message}.`);
}

const defined = (object: ObjectCreated): ObjectCreated =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as unknown as ObjectCreated;
