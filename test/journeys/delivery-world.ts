import { onTestFinished } from 'vitest';
import { readRun } from '../../shared/runs/run/move-run.ts';
import { endedOutputs } from '../../shared/runs/run/output-items.ts';
import type { Run } from '../../shared/runs/run/run.ts';
import type { DeliveryServer } from '../support/delivery-server.ts';
import { type Ports, pipelineWorld } from '../support/pipeline-world.ts';

export interface Manifest {
  readonly partial: boolean;
  readonly attempt: number;
  readonly redelivers?: string;
  readonly outputs: readonly {
    readonly outputId: string;
    readonly kind: string;
    readonly of?: string;
    readonly key: string;
    readonly size: number;
    readonly contentType: string;
    readonly storageClass: string;
    readonly comparedWithSource: boolean;
    readonly checksum: { readonly algorithm: string; readonly value: string };
  }[];
  readonly failed: readonly { outputId: string; kind: string; reason: string }[];
}

interface Options {
  readonly deliver?: object;
  /** Another agent takes the outputs. */
  readonly after?: boolean;
  readonly wrap?: (ports: Ports) => Ports;
}

/** The pipeline, with one upload whose agent run makes videos and what lies beside them. */
export function deliveryWorld(server: DeliveryServer, { deliver, after = false, wrap }: Options = {}) {
  const rule = { id: 'cut', prefix: 'in/', agentId: 'agent-1', ...(deliver && { deliver }) };
  const rules = { rules: [rule, ...(after ? [{ after: 'cut', agentId: 'agent-2' }] : [])] };
  const world = pipelineWorld({ outputs: server, rules, wrap });
  onTestFinished(() => {
    world.close();
    server.refused.clear();
    server.hashes.clear();
    server.asked.length = 0;
  });
  return {
    ...world,
    /** A run whose outputs are to be copied, each asked for by a message. */
    async copying(...outputIds: string[]): Promise<Run> {
      await world.upload('in/talk.mov');
      await world.drain();
      const run = await world.runOf('in/talk.mov');
      const outputs = outputIds.map((id) => server.output(id));
      world.script.finish(world.agentRunOf(run), 0, { outputs });
      await world.deliverAll();
      await world.drain('start', 'settle');
      return this.read(run.id);
    },
    async read(runId: string): Promise<Run> {
      const run = await readRun(world.runs, runId);
      if (run === undefined) throw new Error(`There is no run ${runId}.`);
      return run;
    },
    /** Lets time pass and all doors work until the run has ended. */
    async until(runId: string, hours = 2): Promise<Run> {
      for (let minutes = 0; minutes <= hours * 60; minutes += 5) {
        await world.drain();
        const run = await this.read(runId);
        if (['delivered', 'failed', 'cancelled'].includes(run.status)) return run;
        world.jump(300);
        await world.reconcile();
      }
      return this.read(runId);
    },
    manifestOf: async (run: Run): Promise<Manifest> =>
      JSON.parse(await world.textAt(run.status === 'delivered' ? run.manifestKey : 'none')),
    states: (runId: string) => endedOutputs(world.runs, runId),
    starts: () => world.script.calls.filter((call) => call === 'start').length,
  };
}

export type DeliveryWorld = ReturnType<typeof deliveryWorld>;
