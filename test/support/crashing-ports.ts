import type { Mosaic } from '../../shared/mosaic/client.ts';
import type { Bucket, Queue, Table } from '../../shared/platform/ports.ts';
import type { Ports } from './pipeline-world.ts';

/** Where a process dies: at which of its writes, and whether that one still happened. */
export interface CrashPoint {
  readonly write: number;
  readonly when: 'before' | 'after';
}

class Crashed extends Error {
  override name = 'Crashed';
}

/** Ports of a process that dies at one write: from then on none of its calls does anything, until the next begins. */
export function crashingPorts(point: CrashPoint | undefined) {
  let writes = 0;
  let dead = false;
  let crashes = 0;

  const alive = <T>(call: () => Promise<T>): Promise<T> => (dead ? Promise.reject(new Crashed()) : call());

  async function write<T>(call: () => Promise<T>): Promise<T> {
    if (dead) throw new Crashed();
    writes += 1;
    if (writes !== point?.write) return call();
    if (point.when === 'after') await call();
    dead = true;
    crashes += 1;
    throw new Crashed();
  }

  const table = (inner: Table): Table => ({
    get: (key) => alive(() => inner.get(key)),
    query: (query) => alive(() => inner.query(query)),
    write: (...all) => write(() => inner.write(...all)),
  });

  const bucket = (inner: Bucket): Bucket => ({
    ...inner,
    head: (...all) => alive(() => inner.head(...all)),
    read: (...all) => alive(() => inner.read(...all)),
    put: (...all) => write(() => inner.put(...all)),
    link: (...all) => alive(() => inner.link(...all)),
    startUpload: (...all) => write(() => inner.startUpload(...all)),
    putPart: (...all) => write(() => inner.putPart(...all)),
    publish: (...all) => write(() => inner.publish(...all)),
  });

  const queue = (inner: Queue): Queue => ({
    ...inner,
    send: (...all) => write(() => inner.send(...all)),
    done: (receipt) => write(() => inner.done(receipt)),
  });

  const mosaic = (inner: Mosaic): Mosaic => ({
    ...inner,
    startAgentRun: (...all) => write(() => inner.startAgentRun(...all)),
    getAgentRun: (...all) => alive(() => inner.getAgentRun(...all)),
    listAgentRuns: (...all) => alive(() => inner.listAgentRuns(...all)),
    getAgent: (...all) => alive(() => inner.getAgent(...all)),
  });

  return {
    wrap: (ports: Ports): Ports => ({
      runs: table(ports.runs),
      uploads: bucket(ports.uploads),
      deliveries: bucket(ports.deliveries),
      startQueue: queue(ports.startQueue),
      settleQueue: queue(ports.settleQueue),
      copyQueue: queue(ports.copyQueue),
      mosaic: mosaic(ports.mosaic),
    }),
    /** Writes that were tried so far. */
    writes: () => writes,
    crashes: () => crashes,
    isDead: () => dead,
    restart: () => {
      dead = false;
    },
  };
}
