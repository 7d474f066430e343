import { messageOf } from '../../errors.ts';
import type { AgentRunOutput, AgentRunReport } from '../../mosaic/client.ts';
import type { Mosaic } from '../../mosaic/mosaic.ts';
import type { RunDeps } from '../run/deps.ts';
import { truncateText } from '../run/redact.ts';
import type { CompanionKind, ExpectedOutput, NodeError, Paused, Running } from '../run/run.ts';

/**
 * The outputs to deliver, each once, with the names of the nodes that made them, and then what was made beside them.
 * Very many are told by less, down to their ids; undefined where even those are more than a run can keep.
 */
export async function expectedOutputs(
  deps: RunDeps & { readonly mosaic: Mosaic },
  { agentId, outputs }: AgentRunReport,
  beside: readonly CompanionKind[] = ['thumbnail', 'project'],
): Promise<readonly ExpectedOutput[] | undefined> {
  const byId = new Map(outputs.map((output) => [output.id, output]));
  const videos = [...byId.values()].map(({ id, nodeId }) => ({ id, nodeId }));
  const companions = [...byId.values()]
    .flatMap((output) => companionsOf(output, beside))
    .filter(({ id }) => !byId.has(id));
  const names = outputs.some(({ nodeId }) => nodeId !== undefined) ? await nodeNames(deps, agentId) : new Map();
  const told = videos.map(({ id, nodeId }) => ({ id, nodeId, nodeName: names.get(nodeId) }));
  const ids = videos.map(({ id }) => ({ id }));
  // Behind the videos, so that these have the same places with and without them.
  const whole = [told, videos, ids].map((each) => [...each, ...companions]).find(fits);
  if (whole !== undefined || !fits(ids)) return whole;
  deps.log.warn('outputs.videos-only', { agentId, videos: ids.length, leftOut: companions.length });
  return ids;
}

const companionsOf = (
  { id, thumbnailUrl, projectUrl }: AgentRunOutput,
  beside: readonly CompanionKind[],
): readonly ExpectedOutput[] =>
  beside.flatMap((kind) =>
    (kind === 'thumbnail' ? thumbnailUrl : projectUrl) === undefined ? [] : [{ id: `${id}#${kind}`, kind, of: id }],
  );

/** Of the 400 KB that a run's item may have; its rule, its inputs and what is known of them may need the rest. */
const maxOutputsBytes = 120_000;

const fits = (outputs: readonly ExpectedOutput[]): boolean =>
  Buffer.byteLength(JSON.stringify(outputs)) <= maxOutputsBytes;

/** Names are for people; without them the ids do. */
async function nodeNames(
  { mosaic, log }: RunDeps & { readonly mosaic: Mosaic },
  agentId: string,
): Promise<Map<string, string>> {
  try {
    const { nodes } = await mosaic.getAgent(agentId);
    return new Map(
      nodes.flatMap((node) => (node.nodeTypeName ? [[node.agentNodeId, truncateText(node.nodeTypeName, 100)]] : [])),
    );
  } catch (error) {
    log.warn('agent.names-unknown', { agentId, error: messageOf(error) });
    return new Map();
  }
}

/** How far a run is, and never less than before. */
export function mostProgress({ progress }: Running | Paused, report: AgentRunReport): number {
  const { completed, inProgress, failed } = report.nodeStatusCounts;
  const total = completed + inProgress + failed;
  return Math.max(progress, report.progress ?? (total > 0 ? (completed + failed) / total : 0));
}

/** At most about 50 KB: a table's item has room for hundreds of outputs, not for a server's stack traces. */
export const nodeErrorsOf = ({ errors }: AgentRunReport): readonly NodeError[] =>
  errors.slice(0, 20).map(({ nodeId, messages }) => ({ nodeId, messages: messages.slice(0, 3).map(short) }));

/** Why an agent run failed, in the API's words. */
export function agentFailureReason(report: AgentRunReport): string {
  const said = [report.statusMessage ?? '', ...nodeErrorsOf(report).flatMap(({ messages }) => messages)];
  const distinct = [...new Set(said.map((words) => short(words).trim()).filter((words) => words !== ''))];
  return distinct.length === 0 ? 'the agent failed without saying why.' : distinct.slice(0, 5).join('; ');
}

/** Why an agent run was cancelled, if the API gives a reason. */
export const cancellationWords = ({ statusMessage = '' }: AgentRunReport): string =>
  short(statusMessage).trim() || 'its agent run was cancelled.';

const short = (words: string): string => truncateText(words, 300);
