import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { DiskFull, InvalidInput } from '../../errors.ts';
import { endOrphans } from './orphans.ts';

/** Runs the task in a folder of its own, which is gone afterwards however the task ends. */
export async function withWorkDir<T>(folder: string, task: (workDir: string) => Promise<T>): Promise<T> {
  await plainly(() => mkdir(folder, { recursive: true }));
  const workDir = await plainly(() => mkdtemp(join(folder, workDirPrefix)));
  try {
    return await plainly(() => task(workDir));
  } finally {
    await rm(workDir, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Ends and removes what a killed process left behind. Only for a start, when no task of this folder is running. */
export async function cleanWorkDirs(folder: string): Promise<number> {
  const left = (await readdir(folder).catch(() => [])).filter((name) => name.startsWith(workDirPrefix));
  for (const name of left) await endOrphans(join(folder, name));
  for (const name of left) await rm(join(folder, name), { recursive: true, force: true, maxRetries: 3 });
  return left.length;
}

/** Writes a download to a file and stops at the limit; answers the bytes written. */
export async function saveLink(
  path: string,
  body: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<{ bytes: number; sha256: string }> {
  let bytes = 0;
  const hash = createHash('sha256');
  const counted = new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes)
        done(new InvalidInput(`the file is larger than the limit of ${inWords(maxBytes)}`, { maxBytes }));
      else {
        hash.update(chunk);
        done(null, chunk);
      }
    },
  });
  await plainly(() => pipeline(Readable.from(body), counted, createWriteStream(path)));
  return { bytes, sha256: hash.digest('hex') };
}

/** A finished file, for sending to a bucket. */
export async function readForUpload(path: string): Promise<{ sizeBytes: number; body: () => Readable }> {
  const { size } = await stat(path);
  return { sizeBytes: size, body: () => createReadStream(path) };
}

export async function readHead(path: string, bytes: number): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(new Uint8Array(bytes), 0, bytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

const workDirPrefix = 'task-';

async function plainly<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isNoSpace(error)) throw error;
    throw new DiskFull('the disk is full: free some space and try again', { cause: error });
  }
}

/** Node says ENOSPC; FFmpeg says it in words. */
const isNoSpace = (error: unknown): boolean =>
  !(error instanceof DiskFull) &&
  error instanceof Error &&
  (('code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')) ||
    /No space left on device|Disk quota exceeded/.test('said' in error ? String(error.said) : ''));

const inWords = (bytes: number): string =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${bytes} bytes`;
