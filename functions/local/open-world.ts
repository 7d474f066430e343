import { findFfmpeg } from '../../shared/engine/media/find-ffmpeg.ts';
import { InvalidInput } from '../../shared/errors.ts';
import type { LogSink } from '../../shared/log.ts';
import { openLocal } from '../../shared/platform/local/index.ts';
import type { Table } from '../../shared/platform/ports.ts';
import type { Arguments } from './arguments.ts';
import { assertReachable } from './assert-reachable.ts';
import { makeFolder } from './make-folder.ts';
import { hostname, PortInUse } from './server.ts';
import { shownPath } from './shown-path.ts';
import { type LocalWorld, startLocal } from './start-local.ts';

export const usualPort = 4730;

interface Opening {
  /** Another free port will do when the usual one is in use and none was asked for. */
  readonly otherPortIfBusy?: boolean;
  readonly onMove?: (runId: string) => void;
}

/** The local world, with everything that it needs from this machine checked before any work starts. */
export async function openWorld({ dataFolder, port, verbose }: Arguments, opening: Opening): Promise<LocalWorld> {
  refuseHosted();
  const ffmpeg = await findFfmpeg(process.env);
  makeFolder(dataFolder, '--data');
  const platform = openLocal({ folder: dataFolder });
  try {
    if (!platform.isOwner) throw alreadyInUse(dataFolder);
    const logSink = localLog(verbose, opening.onMove);
    const start = (on: number) => startLocal({ platform, dataFolder, port: on, ffmpeg, logSink });
    return await onFirstFreePort(await portsToTry(platform.table('local'), port, opening), start);
  } catch (error) {
    platform.close();
    throw error;
  }
}

/**
 * The port of this folder's last start comes first: links and callbacks of work that was parked name it. Port 0 takes
 * any free one.
 */
async function portsToTry(remembered: Table, asked: number | undefined, opening: Opening): Promise<readonly number[]> {
  if (asked) return [asked];
  const last = (await remembered.get(portKey))?.port;
  const preferred = typeof last === 'number' ? [last] : [];
  if (asked === 0) return [...preferred, 0];
  return [...new Set([...preferred, usualPort, ...(opening.otherPortIfBusy ? [0] : [])])];
}

async function onFirstFreePort(
  ports: readonly number[],
  start: (port: number) => Promise<LocalWorld>,
): Promise<LocalWorld> {
  const [port = 0, ...others] = ports;
  try {
    const world = await start(port);
    await world.remembered.write({ put: { ...portKey, type: 'port', port: world.port } });
    return world;
  } catch (error) {
    if (error instanceof PortInUse && others.length > 0) return onFirstFreePort(others, start);
    throw error;
  }
}

export const portKey = { pk: 'PORT', sk: 'PORT' };

/** Who names another engine expects it to be used; and the hosted one could not even fetch from this machine. */
function refuseHosted(): void {
  const apiUrl = process.env.MOSAIC_API_URL;
  if (!apiUrl) return;
  if (URL.canParse(apiUrl)) assertReachable(apiUrl, `http://${hostname}`, `http://${hostname}`);
  throw new InvalidInput(
    'MOSAIC_API_URL is set, but `npm start` works with its own engine only. Unset it and try again.',
  );
}

const alreadyInUse = (folder: string): InvalidInput =>
  new InvalidInput(
    `Another Tessera already works in ${shownPath(folder)}. Wait for its end; or, if it was started without files, drop ` +
      `yours into ${shownPath(folder)}/uploads/<agent>/; or give this one a folder of its own with --data DIR.`,
  );

/** Lines of JSON on standard error when asked for; a run's moves also go to the screen. */
function localLog(verbose: boolean, onMove: Opening['onMove']): LogSink {
  return (line) => {
    if (verbose) process.stderr.write(`${JSON.stringify(line)}\n`);
    if (onMove && typeof line.runId === 'string') onMove(line.runId);
  };
}
