import type { Table } from '../../platform/ports.ts';
import { isId } from '../ids.ts';
import type { Output } from './agent-run.ts';
import { outputKey, renderFromItem, renderKey } from './agent-run-items.ts';

/** A finished output by its id, whichever run made it. */
export async function readOutput(table: Table, outputId: string): Promise<Output | undefined> {
  const pointer = isId(outputId) ? await table.get(outputKey(outputId)) : undefined;
  const item = pointer && (await table.get(renderKey(String(pointer.runId), Number(pointer.index))));
  const render = item && renderFromItem(item);
  return render?.status === 'completed' ? render.output : undefined;
}
