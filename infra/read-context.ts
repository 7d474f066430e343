import { readFile } from 'node:fs/promises';

/** Reads the stage settings from cdk.json, for commands that run outside the CDK. */
export async function readContext(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, 'utf8')).context?.tessera;
}
