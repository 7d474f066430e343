import { MosaicError } from './errors.ts';
import { type Call, type HttpOptions, send } from './http.ts';
import {
  type AgentRunNode,
  type NodeType,
  readAgentRunNodes,
  readNodeType,
  readNodeTypes,
  readWhoami,
  type Whoami,
} from './read-account.ts';
import {
  type Agent,
  type AgentChange,
  type AgentOperation,
  type AgentSummary,
  readAgent,
  readAgentChange,
  readAgentList,
  toWireOperation,
} from './read-agent.ts';
import { type AgentRunReport, readAgentRun } from './read-run.ts';
import { type AgentRunPage, readAgentRunList, readRunAccepted } from './read-run-list.ts';
import { toRunRequest } from './run-request.ts';

export type { AgentRunNode, NodeType, Whoami } from './read-account.ts';
export type { Agent, AgentChange, AgentNode, AgentOperation, AgentSummary, End } from './read-agent.ts';
export type { AgentRunOutput, AgentRunReport, AgentRunStatusName, NodeCounts } from './read-run.ts';
export type { AgentRunPage, AgentRunSummary } from './read-run-list.ts';

/** What a run is given: exactly one of the three. */
export interface RunInputs {
  readonly videoUrls?: readonly string[];
  /** Ids of outputs of earlier runs, which the API takes from its own storage. */
  readonly nodeRenderIds?: readonly string[];
  /** For an agent with several Video Inputs: what each of them gets. */
  readonly videoInputs?: readonly VideoInput[];
}

export interface VideoInput {
  readonly agentNodeId: string;
  readonly videoUrls?: readonly string[];
  readonly nodeRenderIds?: readonly string[];
}

export interface StartRequest extends RunInputs {
  readonly callbackUrl: string;
  /** Parameters by the agent's node, for this run only. */
  readonly updateParams?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

interface AgentProperties {
  readonly name?: string;
  readonly description?: string;
  readonly visibility?: 'public' | 'private';
}

interface PageOptions {
  /** 1 to 100. */
  readonly limit?: number;
  readonly cursor?: string;
}

/** The Mosaic API, hosted or ours. Every method throws MosaicError, and InvalidInput for what it would never send. */
export interface Mosaic {
  whoami(): Promise<Whoami>;
  /** Starts a paid run. When the error is `ambiguous`, the run may have started: never simply call again. */
  startAgentRun(
    agentId: string,
    request: StartRequest,
    options: { readonly idempotencyKey: string },
  ): Promise<{ agentRunId: string }>;
  getAgentRun(agentRunId: string): Promise<AgentRunReport>;
  listAgentRunNodes(agentRunId: string): Promise<AgentRunNode[]>;
  /** Newest first, as far as the API says; `from` compares with the time a run was created. */
  listAgentRuns(agentId: string, options?: PageOptions & { readonly from?: Date }): Promise<AgentRunPage>;
  cancelAgentRun(agentRunId: string): Promise<void>;
  /** Goes on with a failed or cancelled run, which costs again; any other is a `conflict`. Like a start, never repeated once sent. */
  resumeAgentRun(agentRunId: string): Promise<void>;
  listNodeTypes(): Promise<NodeType[]>;
  getNodeType(nodeTypeId: string): Promise<NodeType>;
  createAgent(properties: AgentProperties): Promise<AgentChange>;
  updateAgent(
    agentId: string,
    change: AgentProperties & { readonly operations?: readonly AgentOperation[] },
  ): Promise<AgentChange>;
  getAgent(agentId: string): Promise<Agent>;
  listAgents(options?: PageOptions): Promise<{ agents: AgentSummary[]; next?: string }>;
}

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
