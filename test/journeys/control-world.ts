import { MosaicError } from '../../shared/mosaic/errors.ts';
import { readRun } from '../../shared/runs/run/move-run.ts';
import type { Run } from '../../shared/runs/run/run.ts';
import type { FileServer } from '../support/file-server.ts';
import { type PipelineWorld, type Ports, pipelineWorld, tinyVideo } from '../support/pipeline-world.ts';

interface Options {
  readonly outputs: FileServer;
  readonly rules?: unknown;
  readonly slots?: number;
  readonly wrap?: (ports: Ports) => Ports;
}

/** What a resume meets: it is taken, refused, or nobody knows. */
export type ResumeAnswer = 'accept' | 'lose-answer' | MosaicError;

/** The pipeline's world with an API that can be out of credits, and resume. */
export function controlWorld({ wrap = (ports) => ports, ...options }: Options) {
  const resumes: string[] = [];
  const resumeAnswers: ResumeAnswer[] = [];
  let base: PipelineWorld;
  const mosaicOf = (ports: Ports): Ports => ({
    ...ports,
    mosaic: {
      ...ports.mosaic,
      resumeAgentRun: async (agentRunId) => {
        resumes.push(agentRunId);
        const run = base.script.runs.get(agentRunId);
        if (run === undefined) throw new MosaicError('Agent run not found.', { kind: 'not-found' });
        if (run.report.status !== 'failed' && run.report.status !== 'cancelled')
          throw new MosaicError('It is running.', { kind: 'conflict', status: 409 });
        const answer = resumeAnswers.shift() ?? 'accept';
        if (answer instanceof MosaicError) throw answer;
        run.report = { ...run.report, status: 'running', needsCredits: false };
        if (answer === 'lose-answer') throw new MosaicError('No answer.', { kind: 'timeout', ambiguous: true });
      },
    },
  });
  base = pipelineWorld({ ...options, wrap: (ports) => wrap(mosaicOf(ports)) });
  const world = base;

  async function settled(): Promise<void> {
    await world.deliverAll();
    await world.drain();
  }

  return {
    ...world,
    resumes,
    resumeAnswers,
    settled,
    async started(key: string, body = tinyVideo): Promise<Run> {
      await world.upload(key, body);
      await world.drain();
      return world.runOf(key);
    },
    read: async (runId: string): Promise<Run> => {
      const run = await readRun(world.runs, runId);
      if (run === undefined) throw new Error(`There is no run ${runId}.`);
      return run;
    },
    /** The agent run reports how it ended, or that it stands still. */
    async report(run: Run, report: Partial<ReturnType<PipelineWorld['agentRunOf']>['report']>, outputs = 0) {
      world.script.finish(world.agentRunOf(run), outputs, report);
      await settled();
      return this.read(run.id);
    },
    async later(seconds: number): Promise<void> {
      world.jump(seconds);
      await world.reconcile();
      await world.drain();
    },
    count: async (pk: string) => (await world.runs.query({ pk })).items.length,
    logged: (event: string, level?: string) =>
      world.lines.filter((line) => line.event === event && (level === undefined || line.level === level)),
    starts: () => world.script.calls.filter((call) => call === 'start').length,
  };
}

export type ControlWorld = ReturnType<typeof controlWorld>;
