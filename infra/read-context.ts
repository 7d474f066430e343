import { readFile } from 'node:fs/promises';

/** The stage settings in a cdk.json, for commands that run outside the CDK. */
export async function readContext(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, 'utf8')).context?.tessera;
}
