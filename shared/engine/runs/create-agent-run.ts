import { randomUUID } from 'node:crypto';
import type { RunRequest } from '../../mosaic/schemas.ts';
import type { Clock, Item, Queue, Table, Write } from '../../platform/ports.ts';
import { existingAgent } from '../agents/change-agent.ts';
import type { AgentRun, Render, RunInput, Source } from './agent-run.ts';
import { renderToItem, runToItem, sourceToItem } from './agent-run-items.ts';
import { existingRun } from './agent-runs.ts';
import type { Video } from './assign-videos.ts';
import { checkCallback } from './check-callback.ts';
import type { CheckedVideo } from './check-video.ts';
import { planRun, type RunPlan } from './plan-run.ts';
import { queueRun } from './queue-run.ts';
import { type Claim, claimOf, claimToItem, runIdOfClaim } from './start-claim.ts';

export interface StartDeps {
  readonly table: Table;
  readonly queue: Queue;
  readonly clock: Clock;
  readonly trustedHosts: readonly string[];
  /** Finds a video and refuses what is known to be too long or too large, before anything is written. */
  readonly checkVideo: (video: Video) => Promise<CheckedVideo>;
}

export interface Caller {
  readonly apiKeyId: string;
  readonly idempotencyKey?: string;
}

/** Starts the agent, once per Idempotency-Key. Answers the run's id. */
export async function startAgentRun(
  deps: StartDeps,
  agentId: string,
  request: RunRequest,
  caller: Caller,
): Promise<string> {
  const agent = await existingAgent(deps.table, agentId);
  const claim = claimOf(agentId, request, caller);
  const earlier = claim && (await deps.table.get(claim.key));
  if (claim && earlier) return repeat(deps, claim, earlier);
  if (request.callback_url != null) checkCallback(request.callback_url, deps.trustedHosts);
  const plan = planRun(agent, request);
  const videos = await Promise.all(plan.videos.map(deps.checkVideo));
  const { run, renders } = begin(deps, agentId, request, plan, videos);
  const written = await deps.table.write(...writesOf(deps, run, renders, videos, claim));
  const rival = written.done ? undefined : written.conflicts.find(({ index }) => index === 0)?.existing;
  if (claim && rival) return repeat(deps, claim, rival);
  if (!written.done) throw new Error(`The start of agent ${agentId} could not be written down.`);
  await queueRun(deps, { run, renders });
  return run.id;
}

/** The same start again: the same answer. An earlier try may have stopped before its tasks were queued, so they are now. */
async function repeat(deps: StartDeps, claim: Claim, item: Item): Promise<string> {
  const runId = runIdOfClaim(claim, item);
  const loaded = await existingRun(deps.table, runId);
  if (!loaded.run.queued) await queueRun(deps, loaded);
  return runId;
}

type NewRun = { run: AgentRun; renders: (Render & { status: 'queued' })[] };

function begin(
  deps: StartDeps,
  agentId: string,
  request: RunRequest,
  plan: RunPlan,
  videos: readonly CheckedVideo[],
): NewRun {
  const id = randomUUID();
  const run: AgentRun = {
    id,
    agentId,
    status: 'running',
    createdAt: new Date(deps.clock()).toISOString(),
    callbackUrl: request.callback_url ?? undefined,
    nodes: plan.nodes,
    inputs: videos.map(({ source }) => shown(source)),
    queued: false,
  };
  const renders = plan.renders.map(({ inputIndex, path }, index) => ({
    runId: id,
    index,
    outputId: randomUUID(),
    inputIndex,
    path,
    fetched: false,
    round: 0,
    status: 'queued' as const,
  }));
  return { run, renders };
}

function shown(source: Source): RunInput {
  if (source.kind === 'render') return { file: { key: source.key, versionId: source.versionId } };
  const { origin, pathname } = new URL(source.url);
  return { shownUrl: `${origin}${pathname}` };
}

const linkLifeSeconds = 7 * 24 * 3600;

/** One transaction: the run, what it has to do, and the promise that a repeat of this start finds it. */
function writesOf(
  deps: StartDeps,
  run: AgentRun,
  renders: NewRun['renders'],
  videos: readonly { source: Source }[],
  claim: Claim | undefined,
): Write[] {
  const expiresAt = Math.ceil(deps.clock() / 1000) + linkLifeSeconds;
  return [
    ...(claim ? [{ put: claimToItem(claim, run, expiresAt), if: 'absent' as const }] : []),
    { put: runToItem(run), if: 'absent' },
    ...renders.map((render): Write => ({ put: renderToItem(render) })),
    ...videos.map(({ source }, index): Write => ({ put: sourceToItem(run.id, index, source, expiresAt) })),
  ];
}
