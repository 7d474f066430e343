import { Missing } from '../../../shared/errors.ts';
import type { AgentRunReport } from '../../../shared/mosaic/client.ts';
import { MosaicError } from '../../../shared/mosaic/errors.ts';
import type { Mosaic, StartRequest } from '../../../shared/mosaic/mosaic.ts';
import type { Faults } from '../faults.ts';
import type { Random } from '../random.ts';
import type { Worker } from '../worker.ts';
import { type AgentRun, fileName, isOver, reportOf, type SimulatedOutput } from './agent-run.ts';
import type { ApiWorld } from './api-world.ts';
import { lifeOf } from './life.ts';
import { type SourceFile, sourceFile } from './source-file.ts';

export const storageHost = 'storage.example';
const listedWithinMs = 600_000;

/** The Mosaic API in virtual time: its agent runs live on their own, and its answers come, come late, or don't. */
export function simulatedApi(world: ApiWorld) {
  const { scheduler, random, faults, shop } = world;
  const runs = new Map<string, AgentRun>();
  let hasCredits = true;
  const life = lifeOf(world, { runs, hasCredits: () => hasCredits });

  const find = (agentRunId: string): AgentRun => {
    const run = runs.get(agentRunId);
    if (run === undefined) throw new MosaicError('Agent run not found.', { kind: 'not-found', status: 404 });
    return run;
  };

  function begin(agentId: string, request: StartRequest, key: string, worker?: Worker): AgentRun {
    const now = scheduler.now();
    const id = `ar-${random.text(10)}`;
    const base = `${world.callbackUrl}/webhook/`;
    const ourRunId = request.callbackUrl.startsWith(base) ? request.callbackUrl.slice(base.length) : undefined;
    const isLate = faults.happens('start-listed-late');
    const run: AgentRun = {
      ...{ id, agentId, request, key, ourRunId, acceptedMs: now, turn: 0 },
      // Some at the last moment that is promised.
      listedMs: isLate ? now + (random.chance(0.3) ? listedWithinMs - 1_000 : random.below(listedWithinMs)) : now,
      ending: life.endingOf(() => newOutput(random, faults), ourRunId !== undefined),
      ...{ status: 'running', needsCredits: false, progress: 0, outputs: [], isConfirmed: false },
    };
    runs.set(id, run);
    world.onBegun(run, worker);
    life.begin(run);
    return run;
  }

  function start(worker: Worker, agentId: string, request: StartRequest, key: string): { agentRunId: string } {
    world.onStartCall(worker, agentId, request);
    checkRenders(request);
    refuseByChance(faults, random);
    const known = world.honoursKey ? [...runs.values()].find((run) => run.key === key) : undefined;
    if (known === undefined) {
      if (!hasCredits) refuse(faults, 'start-no-credits', 'credits', 403);
      const inFlight = [...runs.values()].filter((run) => !isOver(run)).length;
      if (inFlight >= world.limit) refuse(faults, 'start-no-room', 'concurrency', 403);
    }
    const { id } = known ?? begin(agentId, request, key, worker);
    if (faults.happens('start-answer-lost')) throw ambiguous('timeout');
    if (faults.happens('start-5xx-begun')) throw ambiguous('server');
    return { agentRunId: id };
  }

  /** Outputs of earlier runs, which are to be there. */
  function checkRenders({ nodeRenderIds = [] }: StartRequest): void {
    const known = new Set([...runs.values()].flatMap(({ outputs }) => outputs.map(({ id }) => id)));
    const unknown = nodeRenderIds.find((id) => !known.has(id));
    if (unknown !== undefined)
      throw new MosaicError(`There is no render ${unknown}.`, { kind: 'not-found', status: 404 });
  }

  function list(agentId: string, { from, limit = 25, cursor }: Parameters<Mosaic['listAgentRuns']>[1] = {}) {
    const now = scheduler.now();
    const shown = [...runs.values()]
      .filter((run) => run.agentId === agentId && run.listedMs <= now && run.acceptedMs >= (from?.getTime() ?? 0))
      .sort((a, b) => b.acceptedMs - a.acceptedMs || (a.id < b.id ? -1 : 1));
    const first = cursor === undefined ? 0 : Number(cursor);
    // Short pages, so that the second one is really asked for.
    const page = shown.slice(first, first + Math.min(limit, 2));
    const next = first + page.length < shown.length ? String(first + page.length) : undefined;
    return {
      runs: page.map(({ id, status, acceptedMs }) => ({
        agentRunId: id,
        agentId,
        status,
        startedAt: new Date(acceptedMs).toISOString(),
      })),
      ...(next !== undefined && { next }),
    };
  }

  const linkTo = (run: AgentRun, name: string): string => {
    const lastsMs = faults.happens('output-link-expired') ? random.below(500) : 7 * 24 * 3600_000;
    const query = `expires=${scheduler.now() + lastsMs}&signature=${world.linkMark}${random.text(8)}`;
    return `https://${storageHost}/${run.id}/${name}?${query}`;
  };

  function told(run: AgentRun): AgentRunReport {
    if (run.status === 'completed' || run.status === 'partial_complete') run.isConfirmed = true;
    return reportOf(run, linkTo);
  }

  const apiFails = () =>
    faults.happens('api-failed')
      ? new MosaicError('The API answered 503.', { kind: 'server', status: 503 })
      : undefined;
  const read = { kind: 'read' as const, fails: apiFails, slowMs: 60_000 };
  const write = { kind: 'write' as const, fails: apiFails, slowMs: 60_000 };
  // The client gives a start up after this long, repeats and all; its own chances of failing are drawn above.
  const startCall = { kind: 'write' as const, slowMs: 110_000, slow: 'start-slow' as const };

  const mosaicOf = (worker: Worker): Mosaic => {
    const calls: Partial<Mosaic> = {
      startAgentRun: (agentId, request, { idempotencyKey }) =>
        shop.call(worker, `start ${agentId} for ${request.callbackUrl.slice(-8)}`, startCall, () =>
          start(worker, agentId, request, idempotencyKey),
        ),
      getAgentRun: (id) => shop.call(worker, `agent run ${id}`, read, () => told(find(id))),
      listAgentRuns: (agentId, options) => shop.call(worker, `runs of ${agentId}`, read, () => list(agentId, options)),
      cancelAgentRun: (id) => shop.call(worker, `cancel ${id}`, write, () => life.cancel(find(id))),
      resumeAgentRun: (id) => shop.call(worker, `resume ${id}`, write, () => life.resume(find(id))),
      getAgent: (agentId) => shop.call(worker, `agent ${agentId}`, read, () => agentOf(agentId)),
    };
    return calls as Mosaic;
  };

  return {
    runs,
    mosaicOf,
    /** By the last part of its address. */
    file(agentRunId: string, name: string): SourceFile {
      for (const { id, files } of runs.get(agentRunId)?.outputs ?? [])
        for (const file of files) if (fileName(id, file.kind) === name) return file;
      throw new Missing(`Nothing is stored as ${name} of ${agentRunId}.`);
    },
    stranger: (agentId: string) => begin(agentId, { videoUrls: [], callbackUrl: 'https://elsewhere.example/' }, ''),
    hasCredits: () => hasCredits,
    spendCredits: () => {
      hasCredits = false;
    },
    refillCredits: () => {
      hasCredits = true;
      life.creditsReturned();
    },
    resume: (run: AgentRun) => life.resume(run),
    cancel: (run: AgentRun) => life.cancel(run),
    inFlight: () => [...runs.values()].filter((run) => run.ourRunId !== undefined && !isOver(run)),
  };
}

export type SimulatedApi = ReturnType<typeof simulatedApi>;

function refuseByChance(faults: Faults, random: Random): void {
  if (faults.happens('start-unreachable')) throw new MosaicError('No connection.', { kind: 'network' });
  if (faults.happens('start-request-lost')) throw ambiguous('timeout');
  if (faults.happens('start-5xx-not-begun')) throw ambiguous('server');
  if (faults.happens('start-unauthorised')) throw new MosaicError('Wrong key.', { kind: 'unauthorised', status: 401 });
  if (faults.happens('start-forbidden')) throw new MosaicError('Forbidden.', { kind: 'forbidden', status: 403 });
  if (faults.happens('start-bad-request')) throw new MosaicError('Bad.', { kind: 'bad-request', status: 400 });
  if (faults.happens('start-rate-limited')) {
    const retryAfterSeconds = random.pick([undefined, 1, 30, 120, 4000]);
    throw new MosaicError('Too many requests.', { kind: 'rate-limited', status: 429, retryAfterSeconds });
  }
}

function refuse(
  faults: Faults,
  fault: 'start-no-credits' | 'start-no-room',
  kind: 'credits' | 'concurrency',
  status: number,
): never {
  faults.count(fault);
  throw new MosaicError(`Refused: ${kind}.`, { kind, status });
}

const ambiguous = (kind: 'timeout' | 'server') =>
  new MosaicError('No whole answer came.', { kind, ambiguous: true, status: kind === 'server' ? 502 : undefined });

function newOutput(random: Random, faults: Faults): SimulatedOutput {
  const beside = (['thumbnail', 'project'] as const).filter(() => random.chance(0.3));
  const files = (['video', ...beside] as const).map((kind) => sourceFile(kind, random, faults));
  return { id: `out-${random.text(8)}`, nodeId: 'node-1', files };
}

const agentOf = (agentId: string) => ({
  ...{ agentId, name: 'an agent', description: '', connections: [] },
  nodes: [{ agentNodeId: 'node-1', nodeTypeId: 'type-1', nodeTypeName: 'Silence Removal', params: {} }],
});
