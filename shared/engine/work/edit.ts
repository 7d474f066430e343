import { InvalidInput } from '../../errors.ts';
import type { Media } from '../media/index.ts';
import { type MeasurementCache, measure } from '../media/measure.ts';
import { type Probe, probe } from '../media/probe.ts';
import { render } from '../media/render.ts';
import { makeThumbnail } from '../media/thumbnail.ts';
import { type Timeline, timelineOf } from '../media/timeline.ts';
import { readParameters, tileFor } from '../tiles/index.ts';

export type { MeasurementCache } from '../media/measure.ts';

export interface EditJob {
  inputPath: string;
  /** How messages call the input; by default its file name. */
  inputName?: string;
  outputPath: string;
  thumbnailPath: string;
  workDir: string;
  chain: { nodeTypeId: string; parameters: unknown }[];
  limits: { wallSeconds: number; outputBytes: number; inputSeconds: number };
  measurements?: MeasurementCache;
  /** SHA-256 of the input, when the caller has it: what measurements are remembered by. */
  contentHash?: string;
  onProgress?: (fraction: number) => void;
  signal?: AbortSignal;
}

export interface Edited {
  durationSeconds: number;
  width: number;
  height: number;
  sizeBytes: number;
  contentType: 'video/mp4';
}

/** The only place that turns a chain of tiles and a file into an edited file: measure, decide, render once. */
export async function editVideo(media: Media, job: EditJob): Promise<Edited> {
  const steps = readChain(job.chain);
  const source = await probe(media, job.inputPath, { name: job.inputName, signal: job.signal });
  refuseTooLong(source, job.limits.inputSeconds);
  const started = Date.now();
  const timeRemaining = () => Math.max(1, job.limits.wallSeconds - (Date.now() - started) / 1000);

  let timeline = timelineOf(source);
  for (const [index, { tile, parameters }] of steps.entries()) {
    const measured = await measure(media, source, tile.measures(parameters), {
      cache: job.measurements,
      contentHash: job.contentHash,
      wallSeconds: timeRemaining(),
      signal: job.signal,
      onProgress: (fraction) => job.onProgress?.(((index + fraction) / steps.length) * measuringShare),
    });
    timeline = decide(source, () => tile.plan({ timeline, measured, parameters }));
  }

  const { durationSeconds, sizeBytes } = await render(media, {
    source,
    timeline,
    outputPath: job.outputPath,
    workDir: job.workDir,
    limits: { ...job.limits, wallSeconds: timeRemaining() },
    signal: job.signal,
    onProgress: (fraction) => job.onProgress?.(measuringShare + fraction * (1 - measuringShare)),
  });
  const { outputPath: path, thumbnailPath, signal } = job;
  await makeThumbnail(media, { path, durationSeconds, thumbnailPath, signal });
  return { durationSeconds, ...timeline.frame, sizeBytes, contentType: 'video/mp4' };
}

/** Measuring reads only the sound: a small part of the work. */
const measuringShare = 0.1;

function readChain(chain: EditJob['chain']) {
  return chain.map(({ nodeTypeId, parameters }) => {
    const tile = tileFor(nodeTypeId);
    if (tile === undefined) throw new InvalidInput(`there is no tile for the node type ${nodeTypeId}`, { nodeTypeId });
    return { tile, parameters: readParameters(tile, parameters) };
  });
}

function refuseTooLong({ name, durationSeconds }: Probe, inputSeconds: number) {
  if (durationSeconds <= inputSeconds) return;
  const message = `${name} lasts ${inMinutes(durationSeconds)}, longer than the limit of ${inMinutes(inputSeconds)}`;
  throw new InvalidInput(message, { name, durationSeconds, inputSeconds });
}

/** A tile knows no file names; a person who reads its refusal wants one. */
function decide({ name }: Probe, plan: () => Timeline): Timeline {
  try {
    return plan();
  } catch (error) {
    if (error instanceof InvalidInput) throw new InvalidInput(`${name}: ${error.message}`, { name, ...error.facts });
    throw error;
  }
}

const inMinutes = (seconds: number): string =>
  seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
