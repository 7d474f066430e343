import { InvalidInput, Missing } from '../../errors.ts';
import { versionOf } from '../../platform/object-version.ts';
import type { Bucket } from '../../platform/ports.ts';
import { parseAsked, type Settings, sidecarSchema } from './settings-schema.ts';

const maxSidecarBytes = 64 * 1024;

/** The sidecar as it is now, or undefined where there is none. `empty`: many a tool creates a file before it fills it. */
export async function readSidecar(uploads: Bucket, key: string): Promise<Settings | 'empty' | undefined> {
  const text = await readSmallText(uploads, key, maxSidecarBytes);
  if (text === undefined) return undefined;
  return text === '' ? 'empty' : parseAsked(sidecarSchema, text, `Its sidecar ${key}`, 'Mend it, then retry the run.');
}

/** Reads a whole object from a user, if it exists and is not too large. */
export async function readSmallText(
  uploads: Bucket,
  key: string,
  maxBytes: number,
  versionId?: string,
): Promise<string | undefined> {
  const head = await uploads.head(key, { versionId });
  if (head === undefined) return undefined;
  if (head.size === 0) return '';
  if (head.size > maxBytes) throw new InvalidInput(`${key} has ${head.size} bytes; at most ${maxBytes} are read.`);
  const chunks: Uint8Array[] = [];
  try {
    const version = versionId ?? versionOf(head);
    const { body } = await uploads.read(key, { versionId: version, range: [0, head.size - 1] });
    for await (const chunk of body) chunks.push(chunk);
  } catch (error) {
    if (error instanceof Missing) return undefined;
    // Another one was put there since it was looked at; the next look finds that one.
    if (error instanceof InvalidInput)
      throw new Error(`${key} changed while it was read. Try again.`, { cause: error });
    throw error;
  }
  return Buffer.concat(chunks).toString('utf8');
}
