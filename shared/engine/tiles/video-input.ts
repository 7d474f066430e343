import * as z from 'zod';
import { defineTile } from './tile.ts';

/** Where a run's videos enter an agent; it changes nothing. */
export const videoInput = defineTile({
  nodeTypeId: '9451e6ff-ac7f-4317-9055-a2f35f641b29',
  name: 'Video Input',
  docsPath: 'tiles/input-tiles',
  kind: 'input',
  parameters: z.strictObject({}),
  plan: ({ timeline }) => timeline,
});
