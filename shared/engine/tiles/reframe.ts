import * as z from 'zod';
import { type Timeline, withStep } from '../media/timeline.ts';
import { defineTile } from './tile.ts';

/** Gives the picture another shape. The short side stays as it is: 1920 × 1080 becomes 1080 × 1920 or 1080 × 1080. */
export const reframe = defineTile({
  nodeTypeId: '0e3a90e4-173f-42fc-b7ef-0df6a062e26c',
  name: 'Reframe',
  docsPath: 'tiles/reframe',
  parameters: z.strictObject({
    aspect_ratio: z.enum(['9:16', '1:1', '16:9']).default('9:16'),
    /** `crop` fills the frame from the middle of the picture; `pad` zooms out and shows all of it. */
    fit: z.enum(['crop', 'pad']).default('crop'),
    background_color: z
      .string()
      .regex(/^#[0-9a-f]{6}$/i, 'must be a color like #000000')
      .default('#000000'),
  }),
  plan({ timeline, parameters }) {
    const target = targetSize(timeline.frame, parameters.aspect_ratio);
    if (target.width === timeline.frame.width && target.height === timeline.frame.height) return timeline;
    return parameters.fit === 'crop'
      ? cropped(timeline, target)
      : padded(timeline, target, parameters.background_color);
  },
});

interface Size {
  width: number;
  height: number;
}

function targetSize(frame: Size, aspectRatio: string): Size {
  const [wide = 1, high = 1] = aspectRatio.split(':').map(Number);
  const short = Math.min(frame.width, frame.height);
  const unit = short / Math.min(wide, high);
  return { width: even(unit * wide), height: even(unit * high) };
}

function cropped(timeline: Timeline, target: Size): Timeline {
  const scale = Math.min(timeline.frame.width / target.width, timeline.frame.height / target.height);
  const width = Math.min(timeline.frame.width, even(target.width * scale));
  const height = Math.min(timeline.frame.height, even(target.height * scale));
  const x = middle(timeline.frame.width - width);
  const y = middle(timeline.frame.height - height);
  return resized(withStep(timeline, { kind: 'crop', x, y, width, height }), target);
}

function padded(timeline: Timeline, target: Size, color: string): Timeline {
  const scale = Math.min(target.width / timeline.frame.width, target.height / timeline.frame.height);
  const width = Math.min(target.width, even(timeline.frame.width * scale));
  const height = Math.min(target.height, even(timeline.frame.height * scale));
  const x = middle(target.width - width);
  const y = middle(target.height - height);
  return withStep(resized(timeline, { width, height }), { kind: 'pad', ...target, x, y, color });
}

const resized = (timeline: Timeline, { width, height }: Size): Timeline =>
  width === timeline.frame.width && height === timeline.frame.height
    ? timeline
    : withStep(timeline, { kind: 'scale', width, height });

/** Color is stored for blocks of two by two pixels, so sizes and places are even. */
const even = (value: number): number => Math.max(2, Math.round(value / 2) * 2);
const middle = (room: number): number => Math.floor(room / 4) * 2;
