import * as z from 'zod';
import { withStep } from '../media/timeline.ts';
import { defineTile } from './tile.ts';

/** Left to its defaults it freshens the picture a little: more contrast and color, nothing clipped. */
export const colorCorrection = defineTile({
  nodeTypeId: '8254e1f8-dfea-42f9-90d8-aa91ec859bec',
  name: 'Color Correction',
  docsPath: 'tiles/color-correction',
  parameters: z.strictObject({
    brightness: z.number().min(-1).max(1).default(0),
    contrast: z.number().min(0).max(3).default(1.05),
    saturation: z.number().min(0).max(3).default(1.1),
    gamma: z.number().min(0.1).max(10).default(1),
    /** The balance between blue (-1) and red (1). */
    warmth: z.number().min(-1).max(1).default(0),
  }),
  plan: ({ timeline, parameters }) => withStep(timeline, { kind: 'color', ...parameters }),
});
