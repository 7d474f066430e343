import { MosaicError } from './errors.ts';
import { type Call, type HttpOptions, send } from './http.ts';
import type { Mosaic, PageOptions } from './mosaic.ts';
import { readAgentRunNodes, readNodeType, readNodeTypes, readWhoami } from './read-account.ts';
import { readAgent, readAgentChange, readAgentList, toWireOperation } from './read-agent.ts';
import { readAgentRun } from './read-run.ts';
import { readAgentRunList, readRunAccepted } from './read-run-list.ts';
import { toRunRequest } from './run-request.ts';

export type { Agent, AgentSummary } from './read-agent.ts';
export type { AgentRunOutput, AgentRunReport, AgentRunStatusName } from './read-run.ts';

export type MosaicOptions = HttpOptions;

export function mosaicClient(options: MosaicOptions): Mosaic {
  const get = <T>(path: string, read: (body: unknown) => T, query?: Call['query']) =>
    answer(options, { method: 'GET', path, query, repeat: 'safe' }, read);
  const post = <T>(path: string, read: (body: unknown) => T, body?: unknown, more: Partial<Call> = {}) =>
    answer(options, { method: 'POST', path, body, repeat: 'unless-sent', ...more }, read);

  return {
    whoami: () => get('/whoami', readWhoami),
    async startAgentRun(agentId, request, { idempotencyKey }) {
      const headers = { 'idempotency-key': idempotencyKey };
      return { agentRunId: await post(at`/agent/${agentId}/run`, readRunAccepted, toRunRequest(request), { headers }) };
    },
    getAgentRun: async (id) => get(at`/agent_run/${id}`, (body) => readAgentRun(body, id)),
    listAgentRunNodes: async (id) => get(at`/agent_run/${id}/nodes`, readAgentRunNodes),
    listAgentRuns: async (agentId, { from, ...page } = {}) =>
      get(at`/agent/${agentId}/runs`, readAgentRunList, { ...toQuery(page), from: from?.toISOString() }),
    // A run that is cancelled twice is cancelled.
    cancelAgentRun: async (id) => post(at`/agent_run/${id}/cancel`, () => {}, undefined, { repeat: 'safe' }),
    resumeAgentRun: async (id) => post(at`/agent_run/${id}/resume`, () => {}),
    listNodeTypes: () => get('/node_types', readNodeTypes),
    getNodeType: async (id) => get(at`/node_type/${id}`, readNodeType),
    createAgent: (properties) => post('/agent/create', readAgentChange, properties),
    updateAgent: async (id, { operations, ...properties }) =>
      post(at`/agent/${id}/update`, readAgentChange, { ...properties, operations: operations?.map(toWireOperation) }),
    getAgent: async (id) => get(at`/agent/${id}`, readAgent),
    listAgents: (page = {}) => get('/agents', readAgentList, toQuery(page)),
  };
}

async function answer<T>(options: HttpOptions, call: Call, read: (body: unknown) => T): Promise<T> {
  const body = await send(options, call);
  try {
    return read(body);
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : 'unknown';
    throw new MosaicError(`${call.method} ${call.path} was answered, but cannot be read. ${problem}`, {
      kind: 'unreadable',
      ambiguous: true,
      cause,
    });
  }
}

/** A path with each id escaped, so that no id can lead to another path. */
const at = (parts: TemplateStringsArray, ...ids: readonly string[]): string =>
  parts.map((part, index) => (index === 0 ? part : escaped(ids[index - 1] ?? '') + part)).join('');

function escaped(id: string): string {
  if (/^\.*$/.test(id)) throw new MosaicError(`${JSON.stringify(id)} is not an id.`, { kind: 'bad-request' });
  return encodeURIComponent(id);
}

const toQuery = ({ limit, cursor }: PageOptions) => ({ limit: limit?.toString(), cursor });
