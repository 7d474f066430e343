import { runFromItem, runKey } from '../../../shared/runs/run-items.ts';
import { runIdMetadata } from '../../../shared/runs/upload.ts';
import type { Version } from '../ports/bucket.ts';
import type { Watched } from './watched.ts';

/** What may become visible in the deliveries, and when. */
export function copies({ table, api, violated }: Watched) {
  const complete = new Set<string>();
  return {
    delivered({ head }: Version): void {
      const runId = head.metadata[runIdMetadata] ?? '';
      const item = table().get(runKey(runId));
      const run = item && runFromItem(item);
      const agentRun = run && 'agentRunId' in run ? api().runs.get(run.agentRunId ?? '') : undefined;
      if (agentRun?.status !== 'completed' && agentRun?.status !== 'partial_complete')
        violated('nothing is copied before its agent run is known to have ended well', `${head.key} of run ${runId}`);
      if (complete.has(runId)) violated('the manifest comes last', head.key);
      if (head.contentType === 'application/json') complete.add(runId);
    },
  };
}
