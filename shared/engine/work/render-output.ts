import { basename, join } from 'node:path';
import { Missing, PermanentError, Rejected } from '../../errors.ts';
import { type LinkAnswer, openLink, showLink } from '../../platform/links.ts';
import type { Bucket, Clock, Table } from '../../platform/ports.ts';
import { readForUpload, saveLink, withWorkDir } from '../media/files.ts';
import type { AgentRun, Output, Render, RunInput, Source } from '../runs/agent-run.ts';
import type { Edited, EditJob } from './edit.ts';
import { measurementCache } from './measurements.ts';
import { storeFile } from './store-file.ts';

export interface RenderLimits {
  /** For one render from the first byte fetched to the last one stored. */
  readonly wallSeconds: number;
  readonly inputSeconds: number;
  readonly inputBytes: number;
  readonly outputBytes: number;
}

export interface RenderDeps {
  readonly table: Table;
  readonly bucket: Bucket;
  readonly clock: Clock;
  readonly trustedHosts: readonly string[];
  readonly limits: RenderLimits;
  /** Each task works in a folder of its own inside this one, and leaves nothing. */
  readonly workFolder: string;
  /** `editVideo` with its FFmpeg. */
  readonly edit: (job: EditJob) => Promise<Edited>;
}

export interface Watcher {
  readonly signal: AbortSignal;
  onFetched(): void;
  onProgress(fraction: number): void;
}

/** Makes one output: fetches the video, edits it, stores the result. What it throws says whether another try could help. */
export function renderOutput(
  deps: RenderDeps,
  { run, render, source }: { run: AgentRun; render: Render; source: Source },
  watcher: Watcher,
): Promise<Output> {
  const startedAt = deps.clock();
  return withWorkDir(deps.workFolder, async (workDir) => {
    const inputPath = join(workDir, 'input');
    const outputPath = join(workDir, 'output.mp4');
    const thumbnailPath = join(workDir, 'thumbnail.jpg');
    const deadline = AbortSignal.timeout(deps.limits.wallSeconds * 1000);
    const signal = AbortSignal.any([watcher.signal, deadline]);
    let isHere = false;
    try {
      const { sha256 } = await saveLink(inputPath, await open(deps, source, signal), deps.limits.inputBytes);
      signal.throwIfAborted();
      isHere = true;
      watcher.onFetched();
      const edited = await deps.edit({
        ...{ inputPath, outputPath, thumbnailPath, workDir, signal },
        inputName: nameOf(run.inputs[render.inputIndex]),
        chain: chainOf(run, render),
        measurements: measurementCache(deps),
        contentHash: sha256,
        limits: {
          ...deps.limits,
          wallSeconds: Math.max(1, deps.limits.wallSeconds - (deps.clock() - startedAt) / 1000),
        },
        onProgress: watcher.onProgress,
      });
      const { durationSeconds, width, height, sizeBytes, contentType } = edited;
      const name = `renders/${render.runId}/${render.outputId}`;
      const video = { ...(await readForUpload(outputPath)), contentType };
      const thumbnail = { ...(await readForUpload(thumbnailPath)), contentType: 'image/jpeg' };
      return {
        video: await storeFile(deps.bucket, `${name}.mp4`, video, signal),
        thumbnail: await storeFile(deps.bucket, `${name}.jpg`, thumbnail, signal),
        completedAt: new Date(deps.clock()).toISOString(),
        ...{ durationSeconds, width, height, sizeBytes },
      };
    } catch (error) {
      if (deadline.aborted && !watcher.signal.aborted) throw tooSlow(deps.limits, isHere, error);
      throw error;
    }
  });
}

async function open(deps: RenderDeps, source: Source, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
  if (source.kind === 'render') return openRender(deps, source);
  const answer = await openLink(source.url, { trustedHosts: deps.trustedHosts, signal });
  if (answer.status === 200) return answer.body;
  const shown = showLink(source.url);
  const expired = await isExpired(answer);
  answer.discard();
  if (expired)
    throw new Rejected(
      `${shown}: the input link had expired (it answers ${answer.status}). Start again with a new one.`,
    );
  if (answer.status === 408 || answer.status === 429 || answer.status >= 500)
    throw new Error(`${shown} answers ${answer.status} at the moment.`);
  if (answer.status === 404) throw new Missing(`${shown} does not exist any more.`);
  throw new Rejected(`${shown} answers ${answer.status}; it cannot be read.`);
}

async function openRender({ bucket }: RenderDeps, { key, versionId }: Extract<Source, { kind: 'render' }>) {
  try {
    return (await bucket.read(key, { versionId })).body;
  } catch (error) {
    if (!(error instanceof Missing)) throw error;
    const outputId = basename(key, '.mp4');
    throw new Missing(`Output ${outputId} of an earlier run is not stored any more: make it again first.`, {
      outputId,
    });
  }
}

/** It was read when the run was started, so a door that is closed now has been closed by time. */
async function isExpired({ status, body }: LinkAnswer): Promise<boolean> {
  if (status !== 400) return status === 401 || status === 403 || status === 410;
  let said = '';
  for await (const piece of body) {
    said += Buffer.from(piece).toString('latin1');
    if (said.length > 4096) break;
  }
  return /expired/i.test(said);
}

/** What messages call the video. */
function nameOf(input: RunInput | undefined): string {
  if (input === undefined || 'file' in input) return 'the video';
  const name = new URL(input.shownUrl).pathname.split('/').at(-1) || 'the video';
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** The tiles in the order in which the video goes through them. */
const chainOf = (run: AgentRun, render: Render) =>
  render.path
    .flatMap((nodeId) => run.nodes.filter((node) => node.originalId === nodeId))
    .map(({ nodeTypeId, parameters }) => ({ nodeTypeId, parameters }));

const tooSlow = ({ wallSeconds }: RenderLimits, isHere: boolean, cause: unknown): PermanentError =>
  new PermanentError(
    isHere
      ? `The edit was not done within ${wallSeconds} seconds, which is the limit for one render here. A shorter video fits.`
      : `The video did not arrive within ${wallSeconds} seconds, which is the limit for one render here: its source is too slow.`,
    {},
    { cause },
  );
