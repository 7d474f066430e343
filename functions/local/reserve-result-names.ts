import { existsSync } from 'node:fs';
import { join, parse } from 'node:path';
import type { Key, Table, Write } from '../../shared/platform/ports.ts';

/**
 * A path that no file and no other run has: `name.mp4`, else `name-2.mp4` and so on. It is this run's from the moment it
 * is chosen, since other runs choose while its file is still on its way.
 */
export async function reservePath(
  remembered: Table,
  runId: string,
  wanted: string,
  taken: ReadonlySet<string>,
): Promise<string> {
  const { dir, name, ext } = parse(wanted);
  let path = wanted;
  for (let number = 2; taken.has(path) || !(await reserve(remembered, runId, path)); number += 1)
    path = join(dir, `${name}-${number}${ext}`);
  return path;
}

/** To be written once the files are there: from then on they themselves keep their names. */
export const freePaths = (paths: readonly string[]): Write[] => paths.map((path) => ({ delete: nameKey(path) }));

async function reserve(remembered: Table, runId: string, path: string): Promise<boolean> {
  if (existsSync(path)) return false;
  const written = await remembered.write({ put: { ...nameKey(path), type: 'result-name', runId }, if: 'absent' });
  return written.done || written.conflicts[0]?.existing?.runId === runId;
}

const nameKey = (path: string): Key => ({ pk: `NAME#${path}`, sk: 'NAME' });
