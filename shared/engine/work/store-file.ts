import type { Bucket } from '../../platform/ports.ts';
import type { StoredFile } from '../runs/agent-run.ts';

interface FileToStore {
  readonly sizeBytes: number;
  readonly body: () => AsyncIterable<Uint8Array>;
  readonly contentType: string;
}

/** At most this much of a file is in memory; 10,000 parts of it are 80 GB. */
const partBytes = 8 * 1024 * 1024;

/** The whole file becomes visible at once, or not at all. */
export async function storeFile(
  bucket: Bucket,
  key: string,
  file: FileToStore,
  signal: AbortSignal,
): Promise<StoredFile> {
  const { contentType } = file;
  if (file.sizeBytes <= partBytes) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of file.body()) chunks.push(chunk);
    return versionOf(key, await bucket.put(key, Buffer.concat(chunks), { contentType }));
  }
  const upload = await bucket.startUpload(key, { contentType });
  try {
    const parts = [];
    for await (const piece of pieces(file.body())) {
      signal.throwIfAborted();
      parts.push(await bucket.putPart(upload, parts.length + 1, piece));
    }
    return versionOf(key, await bucket.publish(upload, parts));
  } catch (error) {
    await bucket.abandon(upload);
    throw error;
  }
}

async function* pieces(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    held.push(chunk);
    bytes += chunk.byteLength;
    if (bytes < partBytes) continue;
    yield Buffer.concat(held);
    held = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(held);
}

function versionOf(key: string, stored: Awaited<ReturnType<Bucket['put']>>): StoredFile {
  if (stored.outcome !== 'stored') throw new Error(`The bucket did not store ${key}.`);
  return { key, versionId: stored.head.versionId };
}
