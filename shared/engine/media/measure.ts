import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import * as z from 'zod';
import { type Measured, type MeasurementRequest, measureSilences } from './analyse.ts';
import type { Interval } from './frame-ranges.ts';
import type { Media } from './index.ts';
import type { Probe } from './probe.ts';

/** Remembers measurements by content and settings, so that another output of the same video need not measure again. */
export interface MeasurementCache {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown): Promise<void>;
}

/** All that a tile asked for. */
export async function measure(
  media: Media,
  source: Probe,
  request: MeasurementRequest,
  options: {
    cache?: MeasurementCache;
    /** Of the file's bytes, when the caller has it; otherwise the file is read for it. */
    contentHash?: string;
    wallSeconds: number;
    onProgress?: (fraction: number) => void;
    signal?: AbortSignal;
  },
): Promise<Measured> {
  const { silences } = request;
  if (silences === undefined) return {};
  const key = async () =>
    `silences/1/${options.contentHash ?? (await hashOf(source.path))}/${silences.thresholdDb}/${silences.minSeconds}`;
  return { silences: await remembered(options.cache, key, () => measureSilences(media, source, silences, options)) };
}

async function remembered(
  cache: MeasurementCache | undefined,
  keyOf: () => Promise<string>,
  measureNow: () => Promise<Interval[]>,
) {
  if (cache === undefined) return measureNow();
  const key = await keyOf();
  const known = intervalsSchema.safeParse(await cache.get(key));
  if (known.success) return known.data;
  const measured = await measureNow();
  await cache.set(key, measured);
  return measured;
}

const intervalsSchema = z.array(z.object({ startSeconds: z.number(), endSeconds: z.number() }));

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
