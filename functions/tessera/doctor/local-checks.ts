import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { findFfmpeg } from '../../../shared/engine/media/find-ffmpeg.ts';
import { mosaicClient } from '../../../shared/mosaic/client.ts';
import { isOwned, openLocal } from '../../../shared/platform/local/index.ts';
import type { Table } from '../../../shared/platform/ports.ts';
import { portKey, usualPort } from '../../local/open-world.ts';
import { hostname } from '../../local/server.ts';
import { shownPath } from '../../local/shown-path.ts';
import { readSecret } from '../../local/stores.ts';
import { inBytes } from '../print/layout.ts';
import { openLocalWorld } from '../world/local-world.ts';
import { bad, type Check, type Finding, good, note, runChecks } from './finding.ts';
import { node } from './node-check.ts';
import { pipelineChecks } from './pipeline-checks.ts';

/** Checks what `npm start` needs on this machine, and its data folder. */
export async function localFindings(dataFolder: string, showSecrets: boolean): Promise<readonly Finding[]> {
  const machine = await runChecks([
    node,
    { name: 'ffmpeg', look: ffmpeg },
    { name: 'other engine', look: otherEngine },
    { name: 'folder', look: async () => folder(dataFolder) },
    { name: 'free disk', look: async () => freeDisk(dataFolder) },
  ]);
  if (!existsSync(join(dataFolder, 'tessera.db')))
    return [
      ...machine,
      await portIs(usualPort),
      note('tessera', `none was started in ${shownPath(dataFolder)} yet`, 'npm start'),
    ];
  return [...machine, ...(await inFolder(dataFolder, showSecrets))];
}

async function inFolder(dataFolder: string, showSecrets: boolean): Promise<readonly Finding[]> {
  const platform = openLocal({ folder: dataFolder, own: false });
  const remembered = platform.table('local');
  const checks: Check[] = [
    { name: 'engine', look: () => engine(dataFolder, remembered), cure: 'stop npm start and start it again' },
    { name: 'webhooks', look: () => signing(remembered, showSecrets) },
  ];
  try {
    const world = openLocalWorld(dataFolder);
    try {
      return await runChecks([...checks, ...pipelineChecks(world)]);
    } finally {
      world.close();
    }
  } finally {
    platform.close();
  }
}

async function ffmpeg(): Promise<Finding> {
  const { ffmpegPath, version, source } = await findFfmpeg(process.env);
  const from = { environment: 'FFMPEG_PATH', system: 'PATH', npm: 'an npm package' }[source];
  return good(
    'ffmpeg',
    `${version} from ${from}, with ffprobe and all encoders and filters that the tiles use: ${ffmpegPath}`,
  );
}

async function otherEngine(): Promise<readonly Finding[]> {
  if (!process.env.MOSAIC_API_URL) return [];
  return [
    bad('other engine', 'MOSAIC_API_URL is set, and npm start works with its own engine only', 'unset MOSAIC_API_URL'),
  ];
}

function folder(dataFolder: string): Finding {
  const there = nearest(dataFolder);
  if (!statSync(there).isDirectory())
    return bad('folder', `${shownPath(there)} is a file, not a folder`, 'give another with --data DIR');
  try {
    accessSync(there, constants.W_OK | constants.X_OK);
  } catch {
    return bad('folder', `${shownPath(there)} cannot be written by this user`, 'give another with --data DIR');
  }
  if (there === dataFolder && isOpenToOthers(there))
    return bad(
      'folder',
      `${shownPath(dataFolder)} can be read by other users of this machine, with the keys in it`,
      `chmod -R go-rwx ${shownPath(dataFolder)}`,
    );
  return good(
    'folder',
    there === dataFolder ? `${shownPath(dataFolder)} can be written` : `${shownPath(dataFolder)} can be made`,
  );
}

/** Earlier versions made the folder with the mode of any new folder. */
const isOpenToOthers = (folder: string): boolean =>
  process.platform !== 'win32' && (statSync(folder).mode & 0o077) !== 0;

/** Each video is stored several times: the upload, the engine's copies and the result. */
const littleDiskBytes = 10 * 1000 ** 3;
const noDiskBytes = 1000 ** 3;

function freeDisk(dataFolder: string): Finding {
  const { bavail, bsize } = statfsSync(nearest(dataFolder));
  const free = bavail * bsize;
  const says = `${inBytes(free)} where ${shownPath(dataFolder)} is`;
  if (free < noDiskBytes) return bad('free disk', says, 'make room, or use a folder elsewhere with --data DIR');
  return free < littleDiskBytes
    ? note('free disk', says, 'a video takes about four times its size while it is edited')
    : good('free disk', says);
}

/** The path, or its nearest parent that exists. */
function nearest(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearest(dirname(path));
}

/** While a program has the folder its API must answer; else the port should be free for one. */
async function engine(dataFolder: string, remembered: Table): Promise<Finding> {
  const port = Number((await remembered.get(portKey))?.port ?? usualPort);
  const url = `http://${hostname}:${port}`;
  if (!isOwned(dataFolder)) return portIs(port);
  const apiKey = async () => (await readSecret(remembered, 'api-key')) ?? '';
  await mosaicClient({ baseUrl: url, apiKey }).whoami();
  return good('engine', `answers at ${url}`);
}

async function portIs(port: number): Promise<Finding> {
  if (await isFree(port)) return note('engine', `npm start is not running just now, and its port ${port} is free`);
  return note(
    'engine',
    `npm start is not running just now, and another program has its port ${port}`,
    'npm start -- --port 0 takes any free one',
  );
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, hostname, () => server.close(() => resolve(true)));
  });
}

/** The secret is printed only with --show-secrets, because people paste the doctor's output elsewhere. */
async function signing(remembered: Table, showSecrets: boolean): Promise<Finding> {
  const secret = await readSecret(remembered, 'signing-secret');
  if (secret === undefined)
    return note('webhooks', 'the secret that signs them is made at the next start', 'npm start');
  return good(
    'webhooks',
    showSecrets ? `signed with ${secret}` : 'signed; tessera doctor --show-secrets prints the secret',
  );
}
