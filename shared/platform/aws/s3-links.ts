import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { Bucket, SignedLink } from '../ports.ts';
import { assumeRole, type LinkCredentials } from './link-role.ts';
import { configuration, type S3BucketOptions, type S3Place } from './s3-place.ts';

/**
 * How a bucket signs links. A link dies with the credentials that signed it, however long it was asked for: those of a
 * role are taken anew for each hand-out, so that they have their whole hour left.
 */
export function signsLinks({ s3, name }: S3Place, { linkRoleArn, region }: S3BucketOptions): Bucket['link'] {
  return async (key, { versionId, expiresInSeconds }): Promise<SignedLink> => {
    const role = linkRoleArn === undefined ? undefined : await assumeRole(linkRoleArn);
    const { expiration } = role ?? (await s3.config.credentials());
    const signingDate = new Date();
    const command = new GetObjectCommand({
      Bucket: name,
      Key: key,
      ...(versionId !== undefined && { VersionId: versionId }),
    });
    const url = await getSignedUrl(role ? signerOf(role, region) : s3, command, {
      expiresIn: expiresInSeconds,
      signingDate,
    });
    // A signature has whole seconds.
    const asked = Math.floor(signingDate.getTime() / 1000) * 1000 + expiresInSeconds * 1000;
    return { url, expiresAt: new Date(Math.min(asked, expiration?.getTime() ?? asked)) };
  };
}

const signers = new WeakMap<LinkCredentials, S3Client>();

/** The SDK would keep a role's credentials until shortly before they end; a client of their own ends with them. */
function signerOf(credentials: LinkCredentials, region: string | undefined): S3Client {
  const signer = signers.get(credentials) ?? new S3Client({ ...configuration(region), credentials });
  signers.set(credentials, signer);
  return signer;
}
