import { createServer } from 'node:http';
import { asRecord } from '../../functions/local/to-sqs-record.ts';
import { notifyHandler } from '../../functions/notify.ts';
import type { EventBus, Queue } from '../../shared/platform/ports.ts';
import { allItems } from '../../shared/platform/query-all.ts';
import type { RunEventTold } from '../../shared/runs/notify/event.ts';
import type { NotifyDeps } from '../../shared/runs/notify/notify-run.ts';
import { wakeOutbox } from '../../shared/runs/notify/wake-outbox.ts';
import { shards } from '../../shared/runs/run/run-items.ts';
import { crashingPorts } from '../support/crashing-ports.ts';
import { whenListening } from '../support/listen.ts';
import type { PipelineWorld, Ports } from '../support/pipeline-world.ts';

export const secrets = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'C2FVsBQIhrscChlQIMV+b5sSYspob7oDAAAAAAAA'];
const maxReceives = 8;

interface Options {
  /** It may die at any write, also at those that tell. */
  readonly process?: ReturnType<typeof crashingPorts>;
  readonly trustedHosts?: readonly string[];
  readonly retentionDays?: number;
}

/** The telling half of a pipeline's world: give `wrap` to it, and what it became to `join`. */
export function noticing({ process = crashingPorts(undefined), trustedHosts = [], retentionDays }: Options = {}) {
  let world: Pick<PipelineWorld, 'platform' | 'deps' | 'clock' | 'runs'> | undefined;
  const here = () => world ?? fail();
  const source = (): Queue => here().platform.queue('notices', { maxReceives });
  const lazy: Queue = {
    send: (...all) => source().send(...all),
    receive: (options) => source().receive(options),
    extend: (receipt, seconds) => source().extend(receipt, seconds),
    done: (receipt) => source().done(receipt),
    count: () => source().count(),
  };

  function wrap(ports: Ports): Ports {
    const notifyQueue = process.wrap({ ...ports, copyQueue: lazy }).copyQueue;
    // Each event is a write of the process, as a message is.
    const sends: Queue = {
      ...lazy,
      send: async (...all) =>
        here()
          .platform.bus()
          .put(...(all as never[])),
    };
    const asWrites = process.wrap({ ...ports, copyQueue: sends }).copyQueue;
    const bus: EventBus = { put: (...events) => asWrites.send(...(events as never[])) };
    const more = { notifyQueue, bus, retentionDays, deliveries: ports.deliveries };
    return { ...process.wrap(ports), ...more, deliveries: process.wrap(ports).deliveries };
  }

  const deps = (): NotifyDeps => ({
    ...(here().deps as unknown as NotifyDeps),
    signingSecrets: async () => secrets,
    trustedHosts,
  });

  return {
    wrap,
    deps,
    join<World extends PipelineWorld>(joined: World): World {
      world = joined;
      return joined;
    },
    /** Tells all that is due, and answers which messages failed. */
    async tell(): Promise<number> {
      let failed = 0;
      for (;;) {
        const messages = await source().receive({ max: 10, visibilitySeconds: 60 });
        if (messages.length === 0) return failed;
        const { batchItemFailures } = await notifyHandler(deps())({
          Records: messages.map((message) => asRecord('notices', message)),
        });
        const again = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
        failed += again.size;
        for (const { messageId, receipt } of messages) if (!again.has(messageId)) await lazy.done(receipt);
      }
    },
    wake: () => wakeOutbox(deps()),
    events: () => here().platform.events(),
    async untold(): Promise<number> {
      let count = 0;
      for (const shard of shards) for await (const _ of allItems(here().runs, { pk: `OUTBOX#${shard}` })) count += 1;
      return count;
    },
    dead: () => here().platform.queue('notices-dead'),
  };
}

export interface Got {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly event: RunEventTold;
}

/** A receiver of webhooks on this machine; it answers as told, else 204. */
export async function receiver() {
  const got: Got[] = [];
  const answers: number[] = [];
  const server = createServer(async (request, response) => {
    const pieces: Uint8Array[] = [];
    for await (const piece of request) pieces.push(piece);
    const body = Buffer.concat(pieces).toString();
    got.push({ headers: request.headers as Record<string, string>, body, event: JSON.parse(body) });
    const status = answers.shift() ?? 204;
    response.writeHead(status, status >= 300 && status < 400 ? { location: '/elsewhere' } : {}).end();
  });
  const listening = await whenListening(server.listen(0, '127.0.0.1'));
  return { ...listening, got, answers };
}

function fail(): never {
  throw new Error('The world is not joined yet.');
}
