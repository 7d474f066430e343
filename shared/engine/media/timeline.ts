import * as z from 'zod';
import { InvalidInput } from '../../errors.ts';
import { type FrameRange, intersect } from './frame-ranges.ts';
import type { Probe } from './probe.ts';

const whole = z.int().min(0);
const even = z.int().min(2).multipleOf(2);
const evenOffset = z.int().min(0).multipleOf(2);

export const pictureStepSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('crop'), x: evenOffset, y: evenOffset, width: even, height: even }),
  z.object({ kind: z.literal('scale'), width: even, height: even }),
  z.object({
    kind: z.literal('pad'),
    x: evenOffset,
    y: evenOffset,
    width: even,
    height: even,
    color: z.string().regex(/^#[0-9a-f]{6}$/i),
  }),
  z.object({ kind: z.literal('flip'), axis: z.enum(['horizontal', 'vertical']) }),
  z.object({
    kind: z.literal('color'),
    brightness: z.number().min(-1).max(1),
    contrast: z.number().min(0).max(3),
    saturation: z.number().min(0).max(3),
    gamma: z.number().min(0.1).max(10),
    warmth: z.number().min(-1).max(1),
  }),
  z.object({ kind: z.literal('mark'), x: whole, y: whole, width: even, opacity: z.number().min(0).max(1) }),
]);

/** One step of what happens to the picture; the order of steps matters. */
export type PictureStep = z.infer<typeof pictureStepSchema>;

export const timelineSchema = z
  .object({
    version: z.literal(1),
    source: z.object({ frames: z.int().min(1), hasSound: z.boolean() }),
    frameRate: z.object({ numerator: z.int().min(1), denominator: z.int().min(1) }),
    /** What is kept of the source, counted in frames at `frameRate`: [startFrame, endFrame), in order, apart. */
    kept: z.array(z.object({ startFrame: whole, endFrame: z.int().min(1) })).min(1),
    /** The picture's size after all steps. */
    frame: z.object({ width: even, height: even }),
    steps: z.array(pictureStepSchema),
  })
  .refine(
    ({ kept, source }) => isInOrder(kept, source.frames),
    'kept ranges must be in order, apart and within the source',
  );

/** All that has been decided about an output: plain data, which any tile can add to and only the renderer acts on. */
export type Timeline = z.infer<typeof timelineSchema>;

/** The whole source, untouched but for what every output needs: square pixels and even sides. */
export function timelineOf({ video, sound }: Pick<Probe, 'video' | 'sound'>): Timeline {
  const width = Math.floor(video.width / 2) * 2;
  const height = Math.floor(video.height / 2) * 2;
  if (width < 2 || height < 2)
    throw new InvalidInput(`a picture of ${video.width} × ${video.height} is too small to edit`);
  const isOdd = width !== video.width || height !== video.height;
  const timeline: Timeline = {
    version: 1,
    source: { frames: video.frames, hasSound: sound !== undefined },
    frameRate: video.frameRate,
    kept: [{ startFrame: 0, endFrame: video.frames }],
    frame: { width, height },
    steps: [],
  };
  if (!video.squarePixels) return withStep(timeline, { kind: 'scale', width, height });
  return isOdd ? withStep(timeline, { kind: 'crop', x: 0, y: 0, width, height }) : timeline;
}

export function withStep(timeline: Timeline, step: PictureStep): Timeline {
  const sized = step.kind === 'crop' || step.kind === 'scale' || step.kind === 'pad';
  const frame = sized ? { width: step.width, height: step.height } : timeline.frame;
  return { ...timeline, frame, steps: [...timeline.steps, step] };
}

/** Keeps of what is still there only the given ranges of the source. */
export const keeping = (timeline: Timeline, ranges: FrameRange[]): Timeline => ({
  ...timeline,
  kept: intersect(timeline.kept, ranges),
});

export const keptFrames = ({ kept }: Timeline): number =>
  kept.reduce((sum, { startFrame, endFrame }) => sum + endFrame - startFrame, 0);

const isInOrder = (kept: FrameRange[], frames: number): boolean =>
  kept.every(({ startFrame, endFrame }, index) => {
    const next = kept[index + 1]?.startFrame ?? frames;
    return startFrame < endFrame && endFrame <= next;
  });
