import { messageOf } from '../errors.ts';
import { withoutLinkSecrets } from '../log.ts';
import type { AgentRunReport, Mosaic } from '../mosaic/client.ts';
import type { RunDeps } from './move-run.ts';
import type { ExpectedOutput, NodeError } from './run.ts';

/** The outputs to deliver, each once, with the names of the nodes that made them. */
export async function expectedOutputs(
  deps: RunDeps & { readonly mosaic: Mosaic },
  { agentId, outputs }: AgentRunReport,
): Promise<readonly ExpectedOutput[]> {
  const byId = new Map(outputs.map(({ id, nodeId }) => [id, { id, nodeId }]));
  const names = outputs.some(({ nodeId }) => nodeId !== undefined) ? await nodeNames(deps, agentId) : new Map();
  return [...byId.values()].map(({ id, nodeId }) => ({ id, nodeId, nodeName: names.get(nodeId) }));
}

/** Names are for people; without them the ids do. */
async function nodeNames(
  { mosaic, log }: RunDeps & { readonly mosaic: Mosaic },
  agentId: string,
): Promise<Map<string, string>> {
  try {
    const { nodes } = await mosaic.getAgent(agentId);
    return new Map(nodes.flatMap((node) => (node.nodeTypeName ? [[node.agentNodeId, node.nodeTypeName]] : [])));
  } catch (error) {
    log.warn('agent.names-unknown', { agentId, error: messageOf(error) });
    return new Map();
  }
}

/** Kept short: a table item has room for hundreds of outputs, not for a server's stack traces. */
export const nodeErrorsOf = ({ errors }: AgentRunReport): readonly NodeError[] =>
  errors.slice(0, 50).map(({ nodeId, messages }) => ({ nodeId, messages: messages.slice(0, 5).map(short) }));

/** Why an agent run failed, in the words of whoever ran it. */
export function failureWords(report: AgentRunReport): string {
  const said = [report.statusMessage ?? '', ...nodeErrorsOf(report).flatMap(({ messages }) => messages)];
  const distinct = [...new Set(said.map((words) => short(words).trim()).filter((words) => words !== ''))];
  return distinct.length === 0 ? 'the agent failed without saying why.' : distinct.slice(0, 5).join('; ');
}

const short = (words: string): string => withoutLinkSecrets(words).slice(0, 500);
