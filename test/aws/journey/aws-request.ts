import type { IncomingHttpHeaders } from 'node:http';
import { bucketArn, busArn, queueArn, tableArn } from './deploy.ts';

export interface AwsRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingHttpHeaders;
  /** Read for every service but S3. */
  readonly body: Record<string, unknown>;
}

export interface Need {
  readonly action: string;
  readonly resource: string;
}

/** Who signed a request, and for which service: `<access key>/<date>/<region>/<service>/aws4_request`. */
export function signerOf(
  url: URL,
  headers: IncomingHttpHeaders,
): { accessKeyId: string; service: string; link: boolean } {
  const inLink = url.searchParams.get('X-Amz-Credential');
  const scope = inLink ?? /Credential=([^,\s]+)/.exec(headers.authorization ?? '')?.[1] ?? '';
  const [accessKeyId = '', , , service = ''] = scope.split('/');
  return { accessKeyId, service, link: inLink !== null };
}

/** What IAM asks of whoever sends this request; a request that is not known here needs what nobody has. */
export function needsOf(service: string, request: AwsRequest): readonly Need[] {
  if (service === 's3') return s3Needs(request);
  const { headers, body } = request;
  if (service === 'sts') return [{ action: `sts:${body.Action}`, resource: String(body.RoleArn) }];
  const operation = String(headers['x-amz-target']).split('.').at(-1) ?? '';
  if (service === 'dynamodb') return dynamoNeeds(operation, body);
  if (service === 'events')
    return (body.Entries as { EventBusName?: string }[]).map(({ EventBusName = 'default' }) => ({
      action: `events:${operation}`,
      resource: busArn(EventBusName),
    }));
  if (service === 'sqs')
    // A batch needs what one message needs.
    return [{ action: `sqs:${operation.replace(/Batch$/, '')}`, resource: queueArn(lastPart(String(body.QueueUrl))) }];
  return [{ action: `${service}:${operation}`, resource: String(body.SecretId) }];
}

function dynamoNeeds(operation: string, body: Record<string, unknown>): Need[] {
  const on = (action: string, { TableName, IndexName }: Record<string, unknown>): Need => ({
    action: `dynamodb:${action}`,
    resource: tableArn(String(TableName)) + (IndexName === undefined ? '' : `/index/${IndexName}`),
  });
  if (operation !== 'TransactWriteItems') return [on(operation, body)];
  // A transaction needs what each of its items needs, a condition without a write included.
  const names: Record<string, string> = {
    Put: 'PutItem',
    Update: 'UpdateItem',
    Delete: 'DeleteItem',
    ConditionCheck: 'ConditionCheckItem',
  };
  return (body.TransactItems as Record<string, Record<string, unknown>>[]).flatMap((item) =>
    Object.entries(item).map(([kind, write]) => on(names[kind] ?? kind, write)),
  );
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html */
function s3Needs(request: AwsRequest): Need[] {
  const [, bucket = '', ...key] = request.url.pathname.split('/');
  if (key.join('') === '' && request.method === 'GET' && request.url.searchParams.has('uploads'))
    return [{ action: 's3:ListBucketMultipartUploads', resource: bucketArn(bucket) }];
  const resource = `${bucketArn(bucket)}/${decodeURIComponent(key.join('/'))}`;
  const tags = request.headers['x-amz-tagging'] === undefined ? [] : ['PutObjectTagging'];
  return [s3Action(request), ...tags].map((action) => ({ action: `s3:${action}`, resource }));
}

function s3Action({ method, url, headers }: AwsRequest): string {
  const has = (name: string) => url.searchParams.has(name);
  const more = ['acl', 'tagging', 'retention', 'torrent', 'select', 'delete'].filter(has);
  const ofBucket = !/^\/[^/]+\/./.test(url.pathname);
  if (ofBucket || more.length > 0 || headers['x-amz-copy-source'] !== undefined)
    return `unknown here: ${method} ${more}`;
  const version = has('versionId') ? 'Version' : '';
  if (has('restore')) return 'RestoreObject';
  if (method === 'PUT' || method === 'POST') return 'PutObject';
  if (method === 'DELETE') return has('uploadId') ? 'AbortMultipartUpload' : `DeleteObject${version}`;
  return has('uploadId') ? 'ListMultipartUploadParts' : `GetObject${version}`;
}

const lastPart = (url: string): string => url.split('/').at(-1) ?? '';
