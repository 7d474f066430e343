import { randomUUID } from 'node:crypto';
import type { AgentRunReport } from '../../shared/mosaic/client.ts';
import { MosaicError } from '../../shared/mosaic/errors.ts';
import type { Mosaic, StartRequest } from '../../shared/mosaic/mosaic.ts';

export interface ScriptedRun {
  readonly agentRunId: string;
  readonly agentId: string;
  readonly idempotencyKey: string;
  readonly request: StartRequest;
  readonly startedAt: string;
  report: Pick<AgentRunReport, 'status' | 'outputs' | 'errors' | 'needsCredits' | 'statusMessage' | 'progress'>;
}

/** What a start meets: it is accepted, accepted without an answer that arrives, or refused. */
export type StartAnswer = 'accept' | 'lose-answer' | 'lose-request' | MosaicError;

/** A webhook that the API has sent, not yet delivered: tests may lose, repeat or reorder them. */
export interface Sent {
  readonly callbackUrl: string;
  readonly body: Record<string, unknown>;
}

/** The Mosaic API as a few lines of memory, without idempotency keys, like the hosted one. */
export function scriptedMosaic(options: { clock: () => number; outputUrl: (outputId: string) => string }) {
  const runs = new Map<string, ScriptedRun>();
  const sent: Sent[] = [];
  const calls: string[] = [];
  const answers: StartAnswer[] = [];
  let mostAtOnce = 0;
  const startedAt = () => new Date(options.clock()).toISOString();

  const report = (run: ScriptedRun, flag: string, more: object = {}) =>
    sent.push({
      callbackUrl: run.request.callbackUrl,
      body: { flag, run_id: run.agentRunId, agent_id: run.agentId, status: run.report.status, ...more },
    });

  const find = (agentRunId: string): ScriptedRun => {
    const run = runs.get(agentRunId);
    if (run === undefined) throw new MosaicError('Agent run not found.', { kind: 'not-found', status: 404 });
    return run;
  };

  const begin = (agentId: string, request: StartRequest, idempotencyKey: string): ScriptedRun => {
    const agentRunId = randomUUID();
    const idle = { status: 'running', outputs: [], errors: [], needsCredits: false } as const;
    const run = { agentRunId, agentId, idempotencyKey, request, startedAt: startedAt(), report: idle };
    runs.set(agentRunId, run);
    mostAtOnce = Math.max(mostAtOnce, [...runs.values()].filter(({ report }) => report.status === 'running').length);
    report(run, 'RUN_STARTED');
    return run;
  };

  const mosaic: Partial<Mosaic> = {
    async startAgentRun(agentId, request, { idempotencyKey }) {
      calls.push('start');
      const answer = answers.shift() ?? 'accept';
      if (answer instanceof MosaicError) throw answer;
      const run = answer === 'lose-request' ? undefined : begin(agentId, request, idempotencyKey);
      if (run !== undefined) await script.beforeAnswer(run);
      if (answer !== 'accept' || run === undefined)
        throw new MosaicError('No whole answer.', { kind: 'timeout', ambiguous: true });
      return { agentRunId: run.agentRunId };
    },
    async getAgentRun(agentRunId) {
      calls.push('get');
      const { agentId, startedAt, report } = find(agentRunId);
      const nodeStatusCounts = { completed: 0, inProgress: 1, failed: 0 };
      return { agentRunId, agentId, startedAt, nodeStatusCounts, ...report };
    },
    async listAgentRuns(agentId, { from } = {}) {
      calls.push('list');
      const found = [...runs.values()].filter(
        (run) => run.agentId === agentId && (from === undefined || Date.parse(run.startedAt) >= from.getTime()),
      );
      return { runs: found.map((run) => ({ ...run, status: run.report.status })) };
    },
    async cancelAgentRun(agentRunId) {
      calls.push('cancel');
      const run = find(agentRunId);
      run.report = { ...run.report, status: 'cancelled' };
    },
    async getAgent(agentId) {
      const nodes = [{ agentNodeId: 'node-1', nodeTypeId: 'type-1', nodeTypeName: 'Silence Removal', params: {} }];
      return { agentId, name: 'an agent', description: '', nodes, connections: [] };
    },
  };

  const script = {
    mosaic: mosaic as Mosaic,
    /** What happens between a start and its answer. */
    beforeAnswer: async (_run: ScriptedRun): Promise<void> => {},
    runs,
    /** Webhooks on their way. */
    sent,
    calls,
    /** The most runs that were under way at the same time. */
    mostAtOnce: () => mostAtOnce,
    /** What the next starts meet, in order; afterwards every start is accepted. */
    answers,
    /** An agent run that somebody else began. */
    strangerOf: (agentId: string) =>
      begin(agentId, { videoUrls: [], callbackUrl: 'http://elsewhere.example/webhook' }, 'theirs'),
    progress(run: ScriptedRun, progress: number) {
      run.report = { ...run.report, progress };
      report(run, 'RUN_PROGRESS', { progress });
    },
    finish(run: ScriptedRun, outputs = 1, change: Partial<ScriptedRun['report']> = {}) {
      const made = Array.from({ length: outputs }, (_, index) => {
        const id = `output-${index + 1}`;
        return { id, videoUrl: options.outputUrl(id), nodeId: 'node-1' };
      });
      run.report = { ...run.report, status: 'completed', outputs: made, ...change };
      report(run, 'RUN_FINISHED', { outputs: made.map(({ id, videoUrl }) => ({ id, video_url: videoUrl })) });
    },
  };
  return script;
}

export type ScriptedMosaic = ReturnType<typeof scriptedMosaic>;
