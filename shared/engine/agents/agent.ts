export type Parameters = Readonly<Record<string, unknown>>;

/** One tile in an agent. */
export interface AgentNode {
  readonly id: string;
  readonly nodeTypeId: string;
  /** As given; defaults are the tile's and are not written down. */
  readonly parameters: Parameters;
}

export interface Connection {
  readonly source: string;
  readonly target: string;
}

/** What an agent does to a video: a forest whose roots are inputs, as no node has two inbound connections (yet). */
export interface Graph {
  readonly nodes: readonly AgentNode[];
  readonly connections: readonly Connection[];
}

export interface Agent extends Graph {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly visibility: 'public' | 'private';
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Counts the changes, so that two at once cannot overwrite each other. */
  readonly version: number;
}
