import * as z from 'zod';
import { InvalidInput } from '../../errors.ts';
import type { Measured, MeasurementRequest } from '../media/analyse.ts';
import type { Timeline } from '../media/timeline.ts';

/** An editing step: it says what must be measured, then turns a timeline into the next one. It never renders. */
export interface Tile<Parameters = unknown> {
  /** As the API knows it. */
  nodeTypeId: string;
  name: string;
  docsPath: string;
  kind: 'input' | 'action';
  /** Every parameter has a default; an unknown one is an error, since it is most likely misspelt. */
  parameters: z.ZodType<Parameters>;
  measures(parameters: Parameters): MeasurementRequest;
  /** Pure: the same timeline, measurements and parameters always give the same timeline. */
  plan(input: { timeline: Timeline; measured: Measured; parameters: Parameters }): Timeline;
}

export const defineTile = <Parameters>(
  tile: Omit<Tile<Parameters>, 'kind' | 'measures'> & Partial<Pick<Tile<Parameters>, 'kind' | 'measures'>>,
): Tile<Parameters> => ({ kind: 'action', measures: () => ({}), ...tile });

/** A node's parameters as the tile wants them, defaults filled in; or an error that names the parameter. */
export function readParameters<Parameters>(tile: Tile<Parameters>, given: unknown): Parameters {
  const result = tile.parameters.safeParse(given ?? {});
  if (result.success) return result.data;
  throw new InvalidInput(
    `${tile.name}: ${z
      .prettifyError(result.error)
      .replace(/\s*\n\s*/g, ' ')
      .replace(/^✖ /, '')
      .replaceAll(' ✖ ', '; ')}`,
    {
      nodeTypeId: tile.nodeTypeId,
    },
  );
}
