import type { Mosaic } from '../mosaic/client.ts';
import type { Bucket, Queue } from '../platform/ports.ts';
import { readHold, releaseAccount } from './account-hold.ts';
import { afterRefusal } from './after-refusal.ts';
import { agentRunFromEvents } from './agent-run-from-events.ts';
import { confirmStart } from './confirm-start.ts';
import { moveRun, type RunDeps } from './move-run.ts';
import type { Starting, Waiting } from './run.ts';
import { rejectedBecause } from './upload.ts';

export interface StartDeps extends RunDeps {
  readonly uploads: Bucket;
  readonly startQueue: Queue;
  readonly settleQueue: Queue;
  readonly mosaic: Mosaic;
  /** Where the webhook is reached, without the path. */
  readonly callbackUrl: string;
  readonly slots: number;
  readonly uploadLinkSeconds: number;
  readonly uncertainWaitSeconds: number;
}

/** A link to the upload, bound to its version and signed now; the run fails when the upload has gone meanwhile. */
export async function openInput(deps: StartDeps, run: Waiting): Promise<string | 'gone'> {
  const { key, versionId } = run.upload;
  const gone = rejectedBecause(run.upload, await deps.uploads.head(key, { versionId }));
  if (gone === undefined)
    return (await deps.uploads.link(key, { versionId, expiresInSeconds: deps.uploadLinkSeconds })).url;
  await moveRun(deps, run, {
    status: 'failed',
    failure: 'input-gone',
    reason: `while the upload waited for a slot, ${gone}`,
  });
  return 'gone';
}

/** The paid call. Whatever comes of it is written on the run, and an answer that did not come is not guessed. */
export async function startAgentRun(deps: StartDeps, run: Starting, inputUrl: string): Promise<void> {
  // A report may have come after an earlier start was given up: that agent run is paid for already.
  const known = run.starts > 1 ? await agentRunFromEvents(deps, run) : undefined;
  const answer = known === undefined ? await post(deps, run, inputUrl) : { agentRunId: known };
  if ('error' in answer) return afterRefusal(deps, run, answer.error);
  await confirmStart(deps, run, answer.agentRunId);
  if ((await readHold(deps)) !== undefined) await releaseAccount(deps);
}

async function post(
  { mosaic, callbackUrl }: StartDeps,
  { id, attempt, rule }: Starting,
  inputUrl: string,
): Promise<{ agentRunId: string } | { error: unknown }> {
  try {
    return await mosaic.startAgentRun(
      rule.agentId,
      { videoUrls: [inputUrl], callbackUrl: `${callbackUrl}/webhook/${id}`, updateParams: rule.updateParams },
      // The same for every start of this attempt: a server that knows the key runs it once.
      { idempotencyKey: `${id}-${attempt}` },
    );
  } catch (error) {
    return { error };
  }
}
