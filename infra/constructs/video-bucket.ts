import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { BlockPublicAccess, Bucket, BucketEncryption, type CfnBucket, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';

export interface VideoBucketProps {
  /** Send the bucket's events to EventBridge, for our rules and for anybody else's. */
  readonly events?: boolean;
}

/** A bucket for people's videos: private, encrypted, TLS only, versioned, and kept when the stack goes. */
export class VideoBucket extends Construct {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string, props: VideoBucketProps = {}) {
    super(scope, id);
    this.bucket = new Bucket(this, 'Bucket', {
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      versioned: true,
      removalPolicy: RemovalPolicy.RETAIN,
      // Parts of an upload that nobody finished are invisible and cost money until they are aborted.
      lifecycleRules: [{ id: 'AbortUnfinishedUploads', abortIncompleteMultipartUploadAfter: Duration.days(7) }],
    });
    if (props.events) switchEventsOn(this.bucket.node.defaultChild as CfnBucket);
    acknowledge(
      this.bucket,
      'S1',
      'Server access logs would need one more bucket that grows without end; only the named roles of this product can ' +
        'reach the objects, and an account that audits reads switches CloudTrail data events on for all its buckets.',
    );
  }

  get objectsArn(): string {
    return this.bucket.arnForObjects('*');
  }

  /** The name that the bucket has in the template, by which cdk-nag knows it. */
  get logicalId(): string {
    return Stack.of(this).getLogicalId(this.bucket.node.defaultChild as CfnBucket);
  }
}

// The bucket's own property: CDK's `eventBridgeEnabled` would do the same through a custom resource, with a Lambda
// that may change the notifications of every bucket in the account.
const switchEventsOn = (bucket: CfnBucket): void => {
  bucket.notificationConfiguration = { eventBridgeConfiguration: { eventBridgeEnabled: true } };
};
