/** Objects that control how videos are edited: sidecars and manifests. They are never treated as videos. */
const sidecarSuffix = '.tessera.json';
const manifestSuffix = '.run.json';

export const sidecarOf = (key: string): string => `${key}${sidecarSuffix}`;

export const isSidecarKey = (key: string): boolean => key.toLowerCase().endsWith(sidecarSuffix);

/** A key that ends in `/.run.json`, without a name, is not a manifest. */
export const isManifestKey = (key: string): boolean =>
  key.toLowerCase().endsWith(manifestSuffix) &&
  !key.toLowerCase().endsWith(`/${manifestSuffix}`) &&
  key !== manifestSuffix;

/** Whether a suffix or a pattern matches manifests. */
export const isOfManifests = (text: string): boolean => text.toLowerCase().endsWith(manifestSuffix);

/** Why a rule that only takes manifests ignores a video. */
export const startsByManifest = (ruleId: string): string =>
  `the rule "${ruleId}" starts runs by a manifest (NAME${manifestSuffix}) only.`;

/** S3 refuses any other version id with an error that looks temporary. */
export const mayBeKey = (key: string): boolean =>
  key !== '' && !/\p{Surrogate}/u.test(key) && Buffer.byteLength(key) <= maxKeyBytes;

const maxKeyBytes = 1024;
export const keyWords = `1 to ${maxKeyBytes} bytes of UTF-8`;
