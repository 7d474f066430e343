import { engineWorkHandler } from '../../../functions/engine-work.ts';
import type { Received } from '../../../shared/platform/ports.ts';
import type { World } from '../engine-world.ts';

/** A worker whose process dies before its query, write or send number `fatal`; answers whether it was content. */
export const dyingWorker =
  (world: World, fatal = Number.POSITIVE_INFINITY) =>
  async (message: Received): Promise<boolean> => {
    let count = 0;
    const orDie =
      <Args extends readonly unknown[], T>(step: (...args: Args) => Promise<T>) =>
      async (...args: Args): Promise<T> => {
        count += 1;
        if (count >= fatal) throw new Error('the process died');
        return step(...args);
      };
    const { table, queue } = world.deps;
    const handler = engineWorkHandler({
      ...world.deps,
      table: { ...table, write: orDie(table.write), query: orDie(table.query) },
      queue: { ...queue, send: orDie(queue.send) },
    });
    return (await handler({ Records: [world.asRecord(message)] })).batchItemFailures.length === 0;
  };
