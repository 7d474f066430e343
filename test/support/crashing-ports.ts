import type { Mosaic } from '../../shared/mosaic/mosaic.ts';
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
  const writes: string[] = [];
  let dead = false;
  let crashes = 0;

  const alive = <T>(call: () => Promise<T>): Promise<T> => (dead ? Promise.reject(new Crashed()) : call());

  async function write<T>(name: string, call: () => Promise<T>): Promise<T> {
    if (dead) throw new Crashed();
    writes.push(name);
    if (writes.length !== point?.write) return call();
    if (point.when === 'after') await call();
    dead = true;
    crashes += 1;
    throw new Crashed();
  }

  const table = (inner: Table): Table => ({
    get: (key) => alive(() => inner.get(key)),
    query: (query) => alive(() => inner.query(query)),
    write: (...all) => write('write', () => inner.write(...all)),
  });

  const bucket = (inner: Bucket): Bucket => ({
    ...inner,
    head: (...all) => alive(() => inner.head(...all)),
    read: (...all) => alive(() => inner.read(...all)),
    put: (...all) => write('put', () => inner.put(...all)),
    link: (...all) => alive(() => inner.link(...all)),
    startUpload: (...all) => write('startUpload', () => inner.startUpload(...all)),
    putPart: (...all) => write('putPart', () => inner.putPart(...all)),
    publish: (...all) => write('publish', () => inner.publish(...all)),
  });

  const queue = (inner: Queue): Queue => ({
    ...inner,
    send: (...all) => write('send', () => inner.send(...all)),
    done: (receipt) => write('done', () => inner.done(receipt)),
  });

  const mosaic = (inner: Mosaic): Mosaic => ({
    ...inner,
    startAgentRun: (...all) => write('startAgentRun', () => inner.startAgentRun(...all)),
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
    /** The names of the writes that were tried so far, in order. */
    writes,
    crashes: () => crashes,
    isDead: () => dead,
    restart: () => {
      dead = false;
    },
  };
}
