import { createHash, randomUUID } from 'node:crypto';
import { constants, createReadStream, readdirSync, rmSync } from 'node:fs';
import { chmod, copyFile, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32cOf } from '../crc32c.ts';
import { explained } from './disk-full.ts';
import { makePrivateFolder, privateFileMode, privateFolder } from './private-files.ts';

/** A file that holds an object, or one piece of it. It never changes once it has its name. */
export interface Blob {
  readonly blob: string;
  readonly size: number;
  readonly md5: Buffer;
  /** Eight hexadecimal digits. */
  readonly crc32c: string;
}

type Written = Omit<Blob, 'blob'>;

export interface Blobs {
  /** `check` sees the checksum before anything is kept; what it throws is thrown. */
  save(body: Uint8Array, check: (crc32c: string) => void): Promise<Blob>;
  /** A copy of a file, of any size; where the file system can, without copying its bytes. */
  copy(path: string): Promise<Blob>;
  pathOf(blob: string): string;
  remove(blobs: readonly string[]): Promise<void>;
  /** Deletes leftovers of a killed process: unfinished files, and blobs without a row. */
  sweep(known: ReadonlySet<string>): void;
}

export function openBlobs(folder: string): Blobs {
  const incoming = join(folder, 'incoming');
  makePrivateFolder(incoming);
  const pathOf = (blob: string) => join(folder, blob.slice(0, 2), blob);
  const keep = async (write: (path: string) => Promise<Written>): Promise<Blob> => {
    const blob = randomUUID();
    const unfinished = join(incoming, blob);
    try {
      const written = await write(unfinished);
      await moveDurably(unfinished, pathOf(blob), join(folder, blob.slice(0, 2)));
      return { blob, ...written };
    } catch (error) {
      await rm(unfinished, { force: true });
      throw explained(error, folder);
    }
  };
  return {
    pathOf,
    save: async (body, check) => {
      const crc32c = crc32cOf(body);
      check(crc32c);
      return keep((path) => writeBody(path, body, crc32c));
    },
    copy: (from) => keep((path) => copyAndHash(from, path)),
    remove: async (blobs) => {
      for (const blob of blobs) await rm(pathOf(blob), { force: true });
    },
    sweep: (known) => sweep(folder, known),
  };
}

async function writeBody(path: string, body: Uint8Array, crc32c: string): Promise<Written> {
  const file = await open(path, 'wx', privateFileMode);
  try {
    await file.writeFile(body);
    await file.sync();
  } finally {
    await file.close();
  }
  return { size: body.byteLength, md5: createHash('md5').update(body).digest(), crc32c };
}

/** The checksum is of the copy, so that it is right even if the file is changed meanwhile. */
async function copyAndHash(from: string, to: string): Promise<Written> {
  await copyFile(from, to, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
  // The copy has the mode of the original, which may be read-only; some systems flush only writable files.
  await chmod(to, privateFileMode);
  const [read] = await Promise.all([hashFile(to), flush(to)]);
  return read;
}

async function flush(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function hashFile(path: string): Promise<Written> {
  const hash = createHash('md5');
  let size = 0;
  let crc32c = crc32cOf(Buffer.alloc(0));
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    hash.update(chunk);
    crc32c = crc32cOf(chunk, crc32c);
    size += chunk.length;
  }
  return { size, md5: hash.digest(), crc32c };
}

async function moveDurably(from: string, to: string, toFolder: string): Promise<void> {
  await mkdir(toFolder, privateFolder);
  await rename(from, to);
  // The name must be on the disk before the row that points at it. Not every system can flush a folder.
  const folder = await open(toFolder, 'r').catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close();
}

function sweep(folder: string, known: ReadonlySet<string>): void {
  for (const group of readdirSync(folder))
    for (const name of readdirSync(join(folder, group)))
      if (group === 'incoming' || !known.has(name)) rmSync(join(folder, group, name), { force: true });
}
