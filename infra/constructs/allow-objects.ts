import { Stack } from 'aws-cdk-lib';
import { PolicyStatement, type Role } from 'aws-cdk-lib/aws-iam';
import { acknowledge } from './acknowledge.ts';
import type { ObjectStore } from './video-bucket.ts';

/** Allows a role these actions on the store's objects, and the use of their KMS key (by default to decrypt). */
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
    'Object keys are chosen by users, so a function needs access to every object of this one bucket or folder.',
  );
  if (store.keyArn === undefined || keyActions.length === 0) return;
  // Only through S3, so that the role cannot decrypt anything else with this key.
  const conditions = {
    StringEquals: { 'kms:ViaService': `s3.${store.region ?? Stack.of(role).region}.amazonaws.com` },
  };
  role.addToPolicy(new PolicyStatement({ actions: keyActions, resources: [store.keyArn], conditions }));
}
