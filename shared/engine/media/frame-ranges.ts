import { type FrameRate, framesPerSecond } from './frame-rate.ts';

/** Frames from `startFrame` up to, not including, `endFrame`. */
export interface FrameRange {
  startFrame: number;
  endFrame: number;
}

/** Every frame that the interval touches, so that nothing of it is lost. */
export function framesTouching({ startSeconds, endSeconds }: Interval, rate: FrameRate, frames: number): FrameRange {
  const fps = framesPerSecond(rate);
  // A hair's breadth of tolerance: 0.1 s × 30 must be frame 3, not 3.0000000000000004.
  const startFrame = clamp(Math.floor(startSeconds * fps + 1e-6), frames);
  return { startFrame, endFrame: Math.max(startFrame, clamp(Math.ceil(endSeconds * fps - 1e-6), frames)) };
}

/** The same frames in order, each once, in as few ranges as possible. */
export function merged(ranges: FrameRange[]): FrameRange[] {
  const result: FrameRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.startFrame - b.startFrame)) {
    const last = result.at(-1);
    if (range.endFrame <= range.startFrame) continue;
    if (last !== undefined && range.startFrame <= last.endFrame)
      last.endFrame = Math.max(last.endFrame, range.endFrame);
    else result.push({ ...range });
  }
  return result;
}

/** The frames that are in both; both are in order. */
export function intersect(left: FrameRange[], right: FrameRange[]): FrameRange[] {
  const result: FrameRange[] = [];
  for (let i = 0, j = 0; ; ) {
    const a = left[i];
    const b = right[j];
    if (a === undefined || b === undefined) return result;
    const startFrame = Math.max(a.startFrame, b.startFrame);
    const endFrame = Math.min(a.endFrame, b.endFrame);
    if (startFrame < endFrame) result.push({ startFrame, endFrame });
    if (a.endFrame < b.endFrame) i++;
    else j++;
  }
}

/** The time between the intervals, from zero to the end. */
export function between(intervals: Interval[], endSeconds: number): Interval[] {
  const result: Interval[] = [];
  let from = 0;
  for (const { startSeconds, endSeconds: to } of [...intervals].sort((a, b) => a.startSeconds - b.startSeconds)) {
    if (startSeconds > from) result.push({ startSeconds: from, endSeconds: Math.min(startSeconds, endSeconds) });
    from = Math.max(from, to);
  }
  if (from < endSeconds) result.push({ startSeconds: from, endSeconds });
  return result.filter((gap) => gap.endSeconds > gap.startSeconds);
}

const clamp = (value: number, most: number): number => Math.min(most, Math.max(0, value));

export interface Interval {
  startSeconds: number;
  endSeconds: number;
}
