import type { AgentRunNode, NodeType, Whoami } from './read-account.ts';
import type { Agent, AgentChange, AgentOperation, AgentSummary } from './read-agent.ts';
import type { AgentRunReport } from './read-run.ts';
import type { AgentRunPage } from './read-run-list.ts';

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

export interface AgentProperties {
  readonly name?: string;
  readonly description?: string;
  readonly visibility?: 'public' | 'private';
}

export interface PageOptions {
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
