import type { PutObjectCommand, UploadPartCommand } from '@aws-sdk/client-s3';
import { differs } from '../checksums.ts';
import { crc32cFromBase64, crc32cToBase64 } from '../crc32c.ts';
import { isAwsError } from './errors.ts';

export const checksumOf = (crc32c: string | undefined): { ChecksumCRC32C?: string } =>
  crc32c === undefined ? {} : { ChecksumCRC32C: crc32cToBase64(crc32c) };

/** Of the whole object: that of its parts' checksums ends in their number, and says nothing about the bytes in a row. */
export function foundIn({ ChecksumCRC32C: found = '' }: { ChecksumCRC32C?: string }): { crc32c?: string } {
  const crc32c = crc32cFromBase64(found);
  return crc32c === undefined ? {} : { crc32c };
}

/**
 * The body goes with a checksum that S3 compares, so that it is not read once more for the signature. (Over plain HTTP,
 * as to an emulator, that leaves the body unsigned; to AWS it goes by TLS.)
 */
export function unsigned<T extends PutObjectCommand | UploadPartCommand>(command: T): T {
  const stack = command.middlewareStack as UploadPartCommand['middlewareStack'];
  stack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> };
      headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
      return next(args);
    },
    { step: 'build', name: 'unsignedBody' },
  );
  return command;
}

/** `Rejected` where S3 found other bytes than were sent. */
export function rejectedIfDifferent(error: unknown, key: string, expected: string | undefined): unknown {
  const isAboutBytes =
    isAwsError(error, 'BadDigest', 'XAmzContentChecksumMismatch') ||
    (isAwsError(error, 'InvalidRequest') && /mp-object-size|object size/i.test(error.message));
  return isAboutBytes ? differs(key, { expected, answer: (error as Error).message }, error) : error;
}

/** An upload that was begun without these checksums takes none later. */
export const isOtherKindOfUpload = (error: unknown): boolean =>
  isAwsError(error, 'InvalidRequest') && /checksum type/i.test(error.message);
