import { messageOf, PermanentError, Rejected } from '../../../shared/errors.ts';
import { MosaicError } from '../../../shared/mosaic/errors.ts';

/** Adds advice to an error of AWS or its SDK. Returns any other error unchanged. */
export function explained(error: unknown): unknown {
  if (error instanceof PermanentError || error instanceof MosaicError) return error;
  const { name = '', message = '' } = error instanceof Error ? error : {};
  const advice = advices.find(([pattern]) => pattern.test(`${name}: ${message}`))?.[1];
  return advice === undefined ? error : new Rejected(`${advice} (${messageOf(error)})`, {}, { cause: error });
}

const advices: readonly (readonly [RegExp, string])[] = [
  [/Region is missing|Region not accepted/i, 'No AWS region is chosen. Name it with --region, or set AWS_REGION.'],
  [
    /ExpiredToken|TokenRefreshRequired|token .*expired|RequestExpired/i,
    'The AWS credentials have expired. Sign in again (aws sso login, or however you do it) and repeat the command.',
  ],
  [
    /CredentialsProviderError|Could not load credentials|Unable to locate credentials|could not be found in (the )?(shared|parsed)/i,
    'There are no AWS credentials. Sign in (aws sso login), set AWS_PROFILE, or name a profile with --profile.',
  ],
  [
    /InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|InvalidAccessKeyId/i,
    'AWS does not accept these credentials. Check --profile and its keys.',
  ],
  [
    /AccessDenied|UnauthorizedOperation|not authorized to perform|Denied/i,
    'AWS refused this. Ask for the permission that it names, or choose another --profile.',
  ],
  [
    /ENOTFOUND|ECONNREFUSED|EAI_AGAIN|ETIMEDOUT|TimeoutError|NetworkingError/i,
    'AWS could not be reached. Check the network and --region.',
  ],
];
