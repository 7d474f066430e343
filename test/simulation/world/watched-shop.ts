import type { Watch } from '../invariants/watch.ts';
import type { Worker, Workshop } from '../worker.ts';

/** The workshop, with its workers known to who watches: when each is born, and which one's call is being performed. */
export function watchedShop(shop: Workshop, watcher: () => Watch) {
  let actor: Worker | undefined;
  const watched: Workshop = {
    ...shop,
    invoke: (name, timeoutMs, body, ended, died) =>
      shop.invoke(
        name,
        timeoutMs,
        (worker) => {
          watcher().workerBorn(worker);
          return body(worker);
        },
        ended,
        died,
      ),
    call: (worker, what, options, perform) =>
      shop.call(worker, what, options, () => {
        actor = worker;
        try {
          return perform();
        } finally {
          actor = undefined;
        }
      }),
  };
  return { shop: watched, actor: () => actor };
}
