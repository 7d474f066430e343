import type { Stats } from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { InvalidInput } from '../../shared/errors.ts';
import { shownPath } from './shown-path.ts';

const contentTypes: Readonly<Record<string, string>> = {
  '.mp4': 'video/mp4',
  '.m4v': 'video/mp4',
  '.mov': 'video/quicktime',
  '.mkv': 'video/x-matroska',
  '.webm': 'video/webm',
  '.avi': 'video/x-msvideo',
  '.ts': 'video/mp2t',
};

export const contentTypeOf = (path: string): string =>
  contentTypes[extname(path).toLowerCase()] ?? 'application/octet-stream';

/** Tells this file, as it is now, from any other and from itself after a change. */
export const identityOf = (path: string, { size, mtimeMs }: Stats): string =>
  `${encodeURIComponent(path)}:${size}:${Math.round(mtimeMs)}`;

/** What can be known to be wrong without looking inside; the rest is the pipeline's and the engine's to say. */
export async function checkFile(path: string): Promise<Stats> {
  const stats = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR')
      throw new InvalidInput(`${shownPath(path)}: there is no such file. Check the spelling and the folder.`);
    if (error.code === 'EACCES') throw new InvalidInput(`${shownPath(path)}: this user may not read it.`);
    throw error;
  });
  if (stats.isDirectory())
    throw new InvalidInput(
      `${shownPath(path)} is a folder. Name the files in it, for example ${shownPath(path)}/*.mp4.`,
    );
  if (!stats.isFile()) throw new InvalidInput(`${shownPath(path)} is not an ordinary file.`);
  if (stats.size === 0) throw new InvalidInput(`${shownPath(path)} is empty (0 bytes). Export or copy it again.`);
  return stats;
}
