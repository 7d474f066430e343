import { RestoreObjectCommand } from '@aws-sdk/client-s3';
import { InvalidInput, Missing } from '../../errors.ts';
import type { Bucket } from '../ports.ts';
import { isAwsError } from './errors.ts';
import { explained, isAbsent } from './s3-errors.ts';
import type { S3Place } from './s3-place.ts';

/** S3 refuses to restore what is readable or on its way; both are what was wanted. */
export function restoresObjects(place: S3Place, head: Bucket['head']): Bucket['restore'] {
  const { s3, name: bucket } = place;
  return async (key, { versionId, days, tier }) => {
    const found = await head(key, { versionId });
    if (!found) throw new Missing(`There is no object ${key} in ${bucket} to restore.`);
    if (found.archive !== 'archived') return;
    // Out of intelligent tiering an object comes back for good: naming days is refused there.
    const Days = found.storageClass === 'INTELLIGENT_TIERING' ? undefined : days;
    const command = new RestoreObjectCommand({
      ...{ ...place.bucket, Key: key, VersionId: versionId },
      RestoreRequest: { Days, GlacierJobParameters: { Tier: tier } },
    });
    await s3.send(command).catch((error) => {
      if (isAwsError(error, 'RestoreAlreadyInProgress', 'ObjectAlreadyInActiveTierError', 'InvalidObjectState')) return;
      if (isAbsent(error))
        throw new Missing(`There is no object ${key} in ${bucket} to restore.`, {}, { cause: error });
      if (isAwsError(error, 'InvalidArgument', 'MalformedXML', 'NotImplemented'))
        throw new InvalidInput(
          `S3 does not restore ${key} in ${bucket} (${found.storageClass}) with tier ${tier} for ${days} days: ${error.message}`,
          {},
          { cause: error },
        );
      throw explained(error, { place, key, action: 's3:RestoreObject' });
    });
  };
}
