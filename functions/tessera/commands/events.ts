import { InvalidInput } from '../../../shared/errors.ts';
import type { BusEvent } from '../../../shared/platform/ports.ts';
import { localTime, table } from '../print/layout.ts';
import type { Outcome } from '../print/outcome.ts';
import type { World } from '../world/world.ts';

/** The bus of a folder has no listeners; this is how one sees what a stage's would hear. */
export async function showEvents(
  world: World,
  runId: string | undefined,
  { limit = 50 }: { readonly limit?: number },
): Promise<Outcome> {
  if (world.told === undefined)
    throw new InvalidInput(
      "A stage's events go to its event bus, which keeps none to be looked up: have a rule of EventBridge take them (docs/events.md). What happened to a run: tessera show RUN.",
    );
  const all = world.told().filter(({ detail }) => runId === undefined || partsOf(detail).runId === runId);
  const events = all.slice(-limit);
  if (events.length === 0)
    return { lines: [`Nothing was told${runId === undefined ? '' : ` of a run ${runId}`} so far.`], json: [] };
  const rows = events.map(({ time, type, detail }) => {
    const { runId = '', input } = partsOf(detail);
    return [localTime(time).slice(5, 16), runId, type, input?.key ?? ''];
  });
  return {
    lines: table(['at', 'run', 'event', 'key'], rows),
    // As a webhook has it, and the schema.
    json: events.map(({ type, time, detail }) => ({ type, timestamp: time, data: detail })),
    note: all.length > limit ? `There are ${all.length - limit} older ones: --limit N.` : undefined,
  };
}

const partsOf = (detail: BusEvent['detail']) =>
  detail as { readonly runId?: string; readonly input?: { readonly key?: string } };
