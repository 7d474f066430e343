import type { AgentRun } from './agent-run.ts';

/** What the API posts, with its signed links, none of which may be found anywhere later. */
export function webhookBody(run: Readonly<AgentRun>, flag: string, linkMark: string): string {
  const link = (name: string) => `https://storage.example/${run.id}/${name}?expires=1&signature=${linkMark}`;
  const outputs = run.outputs.map(({ id, nodeId }) => ({
    id,
    video_url: link(id),
    thumbnail_url: link(`${id}.jpg`),
    premiere_prproj_url: null,
    original_node_id: nodeId,
  }));
  return JSON.stringify({
    flag,
    run_id: run.id,
    agent_id: run.agentId,
    status: run.status,
    status_message: run.statusMessage ?? null,
    needs_credits: run.needsCredits,
    progress: run.progress,
    node_status_counts: { completed: outputs.length, in_progress: run.status === 'running' ? 1 : 0, failed: 0 },
    inputs: [{ video_url: run.request.videoUrls?.[0] ?? link('input'), thumbnail_url: null }],
    ...(flag === 'RUN_FINISHED' && { outputs, errors: [] }),
    triggered_by: null,
  });
}
