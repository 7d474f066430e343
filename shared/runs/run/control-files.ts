/** Objects beside the videos that say what is to be done with them; they are never videos themselves. */
const sidecarSuffix = '.tessera.json';
const manifestSuffix = '.run.json';

export const sidecarOf = (key: string): string => `${key}${sidecarSuffix}`;

export const isSidecarKey = (key: string): boolean => key.toLowerCase().endsWith(sidecarSuffix);

/** `.run.json` alone, without a name, is nobody's manifest. */
export const isManifestKey = (key: string): boolean =>
  key.toLowerCase().endsWith(manifestSuffix) &&
  !key.toLowerCase().endsWith(`/${manifestSuffix}`) &&
  key !== manifestSuffix;

/** Whether an ending or a pattern speaks of manifests. */
export const isOfManifests = (text: string): boolean => text.toLowerCase().endsWith(manifestSuffix);

/** Why a video starts nothing by a rule that is for manifests alone. */
export const startsByManifest = (ruleId: string): string =>
  `the rule "${ruleId}" starts runs by a manifest (NAME${manifestSuffix}) only.`;

/** S3 refuses any other with an error that looks like one which passes. */
export const mayBeKey = (key: string): boolean =>
  key !== '' && !/\p{Surrogate}/u.test(key) && Buffer.byteLength(key) <= maxKeyBytes;

const maxKeyBytes = 1024;
export const keyWords = `1 to ${maxKeyBytes} bytes of UTF-8`;
