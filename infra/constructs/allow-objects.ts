import { Stack } from 'aws-cdk-lib';
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import { acknowledge } from './acknowledge.ts';
import type { ObjectStore } from './video-bucket.ts';

/** Lets a role do this with the store's objects, and use the key that encrypts them: by default to read. */
export function allowObjects(
  role: Role,
  actions: string[],
  store: ObjectStore,
  keyActions: string[] = ['kms:Decrypt'],
): void {
  role.addToPolicy(new PolicyStatement({ actions, resources: [store.objectsArn] }));
  acknowledge(
    role,
    `IAM5[Resource::${store.nagName}]`,
    'People choose the keys of their videos, so a function works on every object of this one bucket or folder.',
  );
  if (store.keyArn === undefined || keyActions.length === 0) return;
  // Only on the way through S3: whatever else the key encrypts stays closed.
  const conditions = {
    StringEquals: { 'kms:ViaService': `s3.${store.region ?? Stack.of(role).region}.amazonaws.com` },
  };
  role.addToPolicy(new PolicyStatement({ actions: keyActions, resources: [store.keyArn], conditions }));
}
