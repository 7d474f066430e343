import type { Hono } from 'hono';
import { parseWire } from '../../mosaic/parse.ts';
import { type AgentRunCancelled, type AgentRunList, runRequestSchema } from '../../mosaic/schemas.ts';
import { existingAgent } from '../agents/change-agent.ts';
import { existingRun, listRuns } from '../runs/agent-runs.ts';
import { cancelAgentRun } from '../runs/cancel-agent-run.ts';
import { videoChecker } from '../runs/check-video.ts';
import { startAgentRun } from '../runs/create-agent-run.ts';
import { queueIfForgotten } from '../runs/queue-run.ts';
import { nodesReport, resumedReport, statusReport, summaryReport } from '../runs/report.ts';
import { resumeAgentRun } from '../runs/resume-agent-run.ts';
import type { EngineApiDeps, EngineEnv } from './deps.ts';
import { bodyOf, limitOf, timeOf } from './replies.ts';

export function runRoutes(app: Hono<EngineEnv>, deps: EngineApiDeps): void {
  const startDeps = { ...deps, checkVideo: videoChecker(deps) };

  app.post('/agent/:id/run', async (context) => {
    const request = parseWire(runRequestSchema, await bodyOf(context), 'The request');
    const idempotencyKey = context.req.header('idempotency-key');
    const caller = { apiKeyId: context.get('apiKey').id, idempotencyKey };
    return context.json({ run_id: await startAgentRun(startDeps, context.req.param('id'), request, caller) });
  });
  app.get('/agent_run/:id', async (context) => {
    const loaded = await existingRun(deps.table, context.req.param('id'));
    await queueIfForgotten(deps, loaded);
    return context.json(await statusReport(deps.bucket, loaded));
  });
  app.get('/agent_run/:id/nodes', async (context) =>
    context.json(nodesReport(await existingRun(deps.table, context.req.param('id')))),
  );
  app.post('/agent_run/:id/cancel', async (context) => {
    const runId = context.req.param('id');
    const { tasksCancelled, nodesReset } = await cancelAgentRun(deps, runId);
    const message = 'Agent run cancelled successfully';
    const reply: AgentRunCancelled = {
      ...{ success: true, run_id: runId, message },
      ...{ tasks_cancelled: tasksCancelled, nodes_reset: nodesReset },
    };
    return context.json(reply);
  });
  app.post('/agent_run/:id/resume', async (context) =>
    context.json(resumedReport(await resumeAgentRun(deps, context.req.param('id')))),
  );
  app.get('/agent/:id/runs', async (context) => {
    const agent = await existingAgent(deps.table, context.req.param('id'));
    const { runs, next } = await listRuns(deps.table, agent.id, {
      limit: limitOf(context),
      cursor: context.req.query('cursor'),
      statuses: context.req
        .query('status')
        ?.split(',')
        .map((status) => status.trim()),
      from: timeOf(context, 'from'),
      to: timeOf(context, 'to'),
    });
    for (const loaded of runs) await queueIfForgotten(deps, loaded);
    const reports = await Promise.all(runs.map((loaded) => summaryReport(deps.bucket, loaded)));
    return context.json({ runs: reports, next_cursor: next ?? null } satisfies AgentRunList);
  });
}
