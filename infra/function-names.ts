import { join } from 'node:path';
import { packageFolder } from './package-folder.ts';

/** The programs that run in Lambda: one bundle each, built from `functions/aws/<door>.ts`. */
export const doors = [
  'start-run',
  'webhook',
  'settle',
  'copy-output',
  'notify',
  'reconcile',
  'engine-api',
  'engine-work',
] as const;

export type Door = (typeof doors)[number];

/** Where `npm run build` puts the bundles and the stacks look for them. */
export const assetsFolder = join(packageFolder, 'dist/functions');

/** Under this name a function's metadata in the template says which door it is. */
export const doorMetadata = 'tessera:door';
