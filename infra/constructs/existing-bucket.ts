import { Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { ObjectStore } from './video-bucket.ts';

export interface ExistingBucketProps {
  readonly bucketName: string;
  /** Of the key that encrypts it, where that is a customer's own. */
  readonly keyArn?: string;
  /** Only keys that begin like this are ours to reach. */
  readonly prefix?: string;
}

/** A bucket that belongs to somebody else: no resource of the stack, so that no deploy or destroy can change it. */
export class ExistingBucket extends Construct implements ObjectStore {
  readonly bucket: IBucket;
  readonly keyArn?: string;
  private readonly prefix: string;

  constructor(scope: Construct, id: string, { bucketName, keyArn, prefix = '' }: ExistingBucketProps) {
    super(scope, id);
    this.bucket = Bucket.fromBucketName(this, 'Bucket', bucketName);
    this.keyArn = keyArn;
    this.prefix = prefix;
  }

  get objectsArn(): string {
    return this.bucket.arnForObjects(`${this.prefix}*`);
  }

  get nagName(): string {
    return `arn:<AWS::Partition>:s3:::${this.bucket.bucketName}/${this.prefix}*`;
  }
}
