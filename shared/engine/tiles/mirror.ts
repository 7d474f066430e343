import * as z from 'zod';
import { withStep } from '../media/timeline.ts';
import { defineTile } from './tile.ts';

export const mirror = defineTile({
  nodeTypeId: '71156aca-3e21-45b0-8960-099dba07c83a',
  name: 'Mirror',
  docsPath: 'tiles/mirror',
  parameters: z.strictObject({ direction: z.enum(['horizontal', 'vertical']).default('horizontal') }),
  plan: ({ timeline, parameters }) => withStep(timeline, { kind: 'flip', axis: parameters.direction }),
});
