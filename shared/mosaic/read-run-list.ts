import * as z from 'zod';
import { parseWire } from './parse.ts';

export interface AgentRunSummary {
  readonly agentRunId: string;
  readonly agentId?: string;
  readonly status: string;
  readonly startedAt?: string;
}

export interface AgentRunPage {
  readonly runs: readonly AgentRunSummary[];
  readonly next?: string;
}

/** Reads `GET /agent/{id}/runs`: an object with `runs`, or the bare array of older servers; entries have `run_id` or `id`. */
export function readAgentRunList(body: unknown): AgentRunPage {
  const page = parseWire(pageSchema, Array.isArray(body) ? { runs: body.map(withRunId) } : named(body), 'The run list');
  return {
    runs: page.runs.map((run) => ({
      agentRunId: run.run_id,
      agentId: run.agent_id ?? undefined,
      status: run.status,
      startedAt: run.started_at ?? undefined,
    })),
    next: page.next_cursor ?? undefined,
  };
}

/** Reads what a start answers: the run's id, in any of the places where servers have put it. */
export const readRunAccepted = (body: unknown): string =>
  parseWire(acceptedSchema, withRunId(body), 'The answer to the start').run_id;

function named(body: unknown): unknown {
  if (typeof body !== 'object' || body === null || !('runs' in body) || !Array.isArray(body.runs)) return body;
  return { ...body, runs: body.runs.map(withRunId) };
}

function withRunId(run: unknown): unknown {
  if (typeof run !== 'object' || run === null || 'run_id' in run) return run;
  if ('id' in run) return { ...run, run_id: run.id };
  return 'agent_run_id' in run ? { ...run, run_id: run.agent_run_id } : run;
}

const acceptedSchema = z.looseObject({ run_id: z.string().min(1) });

const pageSchema = z.looseObject({
  runs: z.array(
    z.looseObject({
      run_id: z.string().min(1),
      agent_id: z.string().nullish(),
      status: z.string(),
      started_at: z.string().nullish(),
    }),
  ),
  next_cursor: z.string().nullish(),
});
