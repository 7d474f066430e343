import { Stack, Token } from 'aws-cdk-lib';
import { Bucket, CfnBucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { type ObjectStore, VideoBucket } from './video-bucket.ts';

export interface ExistingBucketProps {
  /** A bucket of the app, or the name of a bucket in the stack's account and region. */
  readonly bucket: IBucket | string;
  /** The customer-managed key that encrypts it, if any. */
  readonly keyArn?: string;
  readonly region?: string;
  /** The expected owner: an account id. */
  readonly owner?: string;
  /** Access is limited to keys with this prefix. */
  readonly prefix?: string;
}

/** A bucket that Tessera did not create. It is not a resource of the stack, so no deploy or destroy can change it. */
class ExistingBucket extends Construct implements ObjectStore {
  readonly bucket: IBucket;
  readonly keyArn?: string;
  readonly region?: string;
  readonly owner?: string;
  private readonly prefix: string;

  constructor(scope: Construct, id: string, { bucket, keyArn, region, owner, prefix = '' }: ExistingBucketProps) {
    super(scope, id);
    this.bucket = typeof bucket === 'string' ? Bucket.fromBucketName(this, 'Bucket', bucket) : bucket;
    this.keyArn = keyArn ?? this.bucket.encryptionKey?.keyArn;
    this.region = region ?? this.differing('region');
    this.owner = owner ?? this.differing('account');
    this.prefix = prefix;
  }

  /** The bucket's region or account, if the app knows it and it may differ from the stack's. */
  private differing(property: 'region' | 'account'): string | undefined {
    const value = this.bucket.env[property];
    return Token.isUnresolved(value) || value === Stack.of(this)[property] ? undefined : value;
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

/** The given bucket, or a new one that sends its events to EventBridge. */
export const givenOrNewBucket = (scope: Construct, id: string, { bucket, ...existing }: StoreProps): ObjectStore =>
  bucket === undefined
    ? new VideoBucket(scope, id, { events: true, owner: Stack.of(scope).account })
    : new ExistingBucket(scope, id, { bucket, ...existing });
