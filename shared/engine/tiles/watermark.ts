import * as z from 'zod';
import { markHeight } from '../media/mark.ts';
import { type Timeline, withStep } from '../media/timeline.ts';
import { defineTile } from './tile.ts';

/** Lays a mark over a corner of the picture as it is at this point of the chain. */
export const watermark = defineTile({
  nodeTypeId: '6808af58-2d9a-4e3b-aacb-2d9c143b7729',
  name: 'Watermark',
  docsPath: 'tiles/watermark',
  parameters: z
    .strictObject({
      use_custom_logo: z.enum(['mosaic', 'custom']).default('mosaic'),
      image_id: z.string().max(100).nullish(),
      logo_position: z.enum(['top-left', 'top-right', 'bottom-left', 'bottom-right']).default('bottom-right'),
      /** Percent of the picture's width. */
      logo_size: z.number().min(1).max(100).default(30),
      logo_opacity: z.number().min(10).max(100).default(80),
      logo_margin_x: z.number().min(0).default(20),
      logo_margin_y: z.number().min(0).default(20),
    })
    .refine(({ use_custom_logo }) => use_custom_logo !== 'custom', {
      path: ['use_custom_logo'],
      message: 'an own logo is not supported yet; leave it at "mosaic" for the default mark',
    }),
  plan({ timeline, parameters }) {
    const bare = withoutMark(timeline);
    const { width: frameWidth, height: frameHeight } = bare.frame;
    const width = Math.max(2, Math.floor((frameWidth * parameters.logo_size) / 200) * 2);
    const room = { x: Math.max(0, frameWidth - width), y: Math.max(0, frameHeight - markHeight(width)) };
    const marginX = Math.min(room.x, Math.round(parameters.logo_margin_x));
    const marginY = Math.min(room.y, Math.round(parameters.logo_margin_y));
    return withStep(bare, {
      kind: 'mark',
      x: parameters.logo_position.endsWith('left') ? marginX : room.x - marginX,
      y: parameters.logo_position.startsWith('top') ? marginY : room.y - marginY,
      width,
      opacity: parameters.logo_opacity / 100,
    });
  },
});

/** A video carries one watermark: the last one asked for. */
const withoutMark = (timeline: Timeline): Timeline => ({
  ...timeline,
  steps: timeline.steps.filter((step) => step.kind !== 'mark'),
});
