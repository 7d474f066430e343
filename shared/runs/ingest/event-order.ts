import type { Upload } from '../run/run.ts';

/**
 * Whether this upload of a key came before that one, by the sequencer that S3 gives its events: hexadecimal, the
 * shorter one padded with zeros on the right. Undefined where they do not tell.
 */
export function cameBefore(upload: Upload, other: Upload): boolean | undefined {
  const [one, two] = [upload.sequencer, other.sequencer];
  if (one === undefined || two === undefined) return undefined;
  const length = Math.max(one.length, two.length);
  const [a, b] = [one, two].map((text) => text.toLowerCase().padEnd(length, '0')) as [string, string];
  return a === b ? undefined : a < b;
}
