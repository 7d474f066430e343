import { Stack, Token } from 'aws-cdk-lib';
import { Bucket, CfnBucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { type ObjectStore, VideoBucket } from './video-bucket.ts';

export interface ExistingBucketProps {
  /** By its name where it is no part of the app, and is where the stack is. */
  readonly bucket: IBucket | string;
  /** Of the key that encrypts it, where that is a customer's own. */
  readonly keyArn?: string;
  readonly region?: string;
  /** The account that it must belong to. */
  readonly owner?: string;
  /** Only keys that begin like this are ours to reach. */
  readonly prefix?: string;
}

/** A bucket that belongs to somebody else: no resource of the stack, so that no deploy or destroy can change it. */
export class ExistingBucket extends Construct implements ObjectStore {
  readonly bucket: IBucket;
  readonly keyArn?: string;
  readonly region?: string;
  readonly owner?: string;
  private readonly prefix: string;

  constructor(scope: Construct, id: string, { bucket, keyArn, region, owner, prefix = '' }: ExistingBucketProps) {
    super(scope, id);
    this.bucket = typeof bucket === 'string' ? Bucket.fromBucketName(this, 'Bucket', bucket) : bucket;
    this.keyArn = keyArn ?? this.bucket.encryptionKey?.keyArn;
    this.region = region ?? this.unlikeOurs('region');
    this.owner = owner ?? this.unlikeOurs('account');
    this.prefix = prefix;
  }

  /** What the app says of the bucket, where the stack is elsewhere, or may be. */
  private unlikeOurs(what: 'region' | 'account'): string | undefined {
    const its = this.bucket.env[what];
    return Token.isUnresolved(its) || its === Stack.of(this)[what] ? undefined : its;
  }

  get objectsArn(): string {
    return this.bucket.arnForObjects(`${this.prefix}*`);
  }

  get nagName(): string {
    const { defaultChild } = this.bucket.node;
    if (defaultChild instanceof CfnBucket) return `<${Stack.of(this).getLogicalId(defaultChild)}.Arn>/${this.prefix}*`;
    return `arn:<AWS::Partition>:s3:::${this.bucket.bucketName}/${this.prefix}*`;
  }
}

export interface StoreProps extends Omit<ExistingBucketProps, 'bucket'> {
  readonly bucket?: IBucket | string;
}

/** The bucket that was given, or one of our own, which sends its events to EventBridge. */
export const storeOf = (scope: Construct, id: string, { bucket, ...existing }: StoreProps): ObjectStore =>
  bucket === undefined
    ? new VideoBucket(scope, id, { events: true, owner: Stack.of(scope).account })
    : new ExistingBucket(scope, id, { bucket, ...existing });
