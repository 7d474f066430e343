import type { Bucket } from './ports.ts';

/** All of a small object, as text. */
export async function readText(bucket: Bucket, key: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of (await bucket.read(key)).body) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
