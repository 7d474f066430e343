import { sha256 } from '../run/ids.ts';
import type { Run } from '../run/run.ts';
import { cutToBytes, withoutExtension } from './key-parts.ts';
import { namesakeOf } from './template-variables.ts';

/** S3 takes keys of 1,024 bytes; the rest is for the stage's prefix, a number, `-clip-…` and the ending. */
const maxStemBytes = 800;

/** The folder and name of a run's input, without its extension: what its results are named after. */
export function resultStem(run: Run): string {
  const stem = withoutExtension(namesakeOf(run));
  if (Buffer.byteLength(stem) <= maxStemBytes) return stem;
  return `${cutToBytes(stem, maxStemBytes - 17)}-${sha256(stem).slice(0, 16)}`;
}
