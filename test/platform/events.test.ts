import { expect, test } from 'vitest';
import { InvalidInput } from '../../shared/errors.ts';
import {
  type ObjectCreated,
  objectCreatedEvent,
  parseObjectCreated,
  parseObjectRestored,
} from '../../shared/platform/events.ts';

const eventBridge = {
  version: '0',
  id: '17793124-05d4-b198-2fde-7ededc63b103',
  'detail-type': 'Object Created',
  source: 'aws.s3',
  account: '111122223333',
  time: '2026-11-12T00:00:00Z',
  region: 'eu-central-1',
  resources: ['arn:aws:s3:::uploads'],
  detail: {
    version: '0',
    bucket: { name: 'uploads' },
    object: {
      key: 'tighten/my clip+1%.mp4',
      size: 5,
      etag: 'b1946ac9',
      'version-id': 'IYV3p45',
      sequencer: '00617F08',
    },
    'request-id': 'N4N7GDK58NMKJ12R',
    requester: '123456789012',
    'source-ip-address': '1.2.3.4',
    reason: 'CompleteMultipartUpload',
  },
};

const record = (more: object = {}, object: object = {}) => ({
  eventVersion: '2.3',
  eventSource: 'aws:s3',
  eventTime: '2026-11-12T00:00:00.000Z',
  eventName: 'ObjectCreated:Put',
  s3: {
    bucket: { name: 'uploads', arn: 'arn:aws:s3:::uploads' },
    object: {
      key: 'tighten/my+clip%2B1%25+%C3%BC.mp4',
      size: 5,
      eTag: 'b1946ac9',
      versionId: 'v1',
      sequencer: '0A',
      ...object,
    },
  },
  ...more,
});

test('an EventBridge event is read; its key is taken as it is', () => {
  expect(parseObjectCreated(eventBridge)).toEqual([
    {
      ...{ bucket: 'uploads', key: 'tighten/my clip+1%.mp4', versionId: 'IYV3p45', etag: 'b1946ac9', size: 5 },
      ...{ sequencer: '00617F08', reason: 'CompleteMultipartUpload', time: '2026-11-12T00:00:00Z' },
    },
  ]);
});

test('an S3 notification is read; its key is decoded and its reason named as EventBridge names it', () => {
  const created = parseObjectCreated({ Records: [record(), record({ eventName: 'ObjectRemoved:Delete' })] });
  expect(created).toEqual([
    {
      ...{ bucket: 'uploads', key: 'tighten/my clip+1% ü.mp4', versionId: 'v1', etag: 'b1946ac9', size: 5 },
      ...{ sequencer: '0A', reason: 'PutObject', time: '2026-11-12T00:00:00.000Z' },
    },
  ]);
});

test('an object of a bucket without versions has no version', () => {
  const [created] = parseObjectCreated({ Records: [record({}, { versionId: undefined })] });
  expect(created).not.toHaveProperty('versionId');
});

test.each([
  { Service: 'Amazon S3', Event: 's3:TestEvent', Bucket: 'uploads' },
  { ...eventBridge, 'detail-type': 'Object Deleted' },
  { ...eventBridge, source: 'my.app' },
  { Records: [{ eventSource: 'aws:sqs', body: '{}' }] },
  { kind: 'start-waiting' },
  null,
  'text',
  [],
])('any other event reports no object: %j', (event) => {
  expect(parseObjectCreated(event)).toEqual([]);
  expect(parseObjectRestored(event)).toEqual([]);
});

const restored = {
  ...{ version: '0', 'detail-type': 'Object Restore Completed', source: 'aws.s3', time: '2026-11-12T05:00:00Z' },
  detail: {
    bucket: { name: 'uploads' },
    object: { key: 'old/a b+1%.mov', size: 5, etag: 'b1946ac9', 'version-id': 'v1' },
    'restore-expiry-time': '2026-11-15T00:00:00Z',
    'source-storage-class': 'GLACIER',
  },
};

test('a completed restore is read from an event and from a notification, and is no created object', () => {
  const version = { bucket: 'uploads', key: 'old/a b+1%.mov', versionId: 'v1' };
  expect(parseObjectRestored(restored)).toEqual([version]);
  const completed = record({ eventName: 'ObjectRestore:Completed' }, { key: 'old/a+b%2B1%25.mov' });
  const begun = record({ eventName: 'ObjectRestore:Post' });
  expect(parseObjectRestored({ Records: [begun, completed, record()] })).toEqual([version]);
  expect(parseObjectCreated(restored)).toEqual([]);
  expect(parseObjectCreated({ Records: [completed] })).toEqual([]);
  expect(parseObjectRestored(eventBridge)).toEqual([]);
});

test('a restored object of a bucket without versions has no version', () => {
  const { 'version-id': _, ...object } = restored.detail.object;
  expect(parseObjectRestored({ ...restored, detail: { ...restored.detail, object } })).toEqual([
    { bucket: 'uploads', key: 'old/a b+1%.mov' },
  ]);
});

test('a created object that cannot be read is an error that names the field', () => {
  const nameless = { ...eventBridge, detail: { ...eventBridge.detail, object: { size: 5 } } };
  expect(() => parseObjectCreated(nameless)).toThrow(InvalidInput);
  expect(() => parseObjectCreated(nameless)).toThrow(/detail\.object\.key/);
  expect(() => parseObjectCreated({ Records: [record({}, { key: '%zz' })] })).toThrow(/not URL-encoded/);
});

test('what the local world sends is read back unchanged', () => {
  const object: ObjectCreated = {
    ...{ bucket: 'uploads', key: 'a//b ü+%', versionId: 'v', etag: 'e', size: 0, sequencer: '01' },
    ...{ reason: 'PutObject', time: '2026-11-12T00:00:00.000Z' },
  };
  expect(parseObjectCreated(JSON.parse(JSON.stringify(objectCreatedEvent(object))))).toEqual([object]);
});
