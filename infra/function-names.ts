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

/** The build writes the bundles here, and the stacks read them. */
export const assetsFolder = join(packageFolder, 'dist/functions');

/** The metadata key in the template that says which door a function is. */
export const doorMetadata = 'tessera:door';
