import type { Parameters } from '../agents/agent.ts';

/** A node of the agent as it was when the run started: later changes of the agent do not apply. */
export interface RunNode {
  /** Of this run alone. */
  readonly id: string;
  readonly originalId: string;
  readonly nodeTypeId: string;
  readonly parameters: Parameters;
}

/** Where a video comes from. A link is a key: it is kept apart from the run, and only until the run has ended. */
export type Source =
  | { readonly kind: 'link'; readonly url: string }
  | { readonly kind: 'render'; readonly key: string; readonly versionId: string };

/** What may be shown of a source: the link without its query, or our own file. */
export type RunInput = { readonly shownUrl: string } | { readonly file: StoredFile };

interface RunBase {
  readonly id: string;
  readonly agentId: string;
  readonly createdAt: string;
  readonly callbackUrl?: string;
  readonly nodes: readonly RunNode[];
  readonly inputs: readonly RunInput[];
  /** The render tasks have reached the queue. */
  readonly queued: boolean;
}

export const endings = ['completed', 'partial_complete', 'failed', 'cancelled'] as const;
export type Ending = (typeof endings)[number];

export type AgentRun =
  | (RunBase & { readonly status: 'running' })
  | (RunBase & {
      readonly status: Ending;
      readonly endedAt: string;
      readonly statusMessage?: string;
      /** RUN_FINISHED was delivered, or given up. */
      readonly told: boolean;
    });

interface RenderBase {
  readonly runId: string;
  readonly index: number;
  /** The output's id, known before there is one. */
  readonly outputId: string;
  readonly inputIndex: number;
  /** Original ids of the nodes that the video goes through, from the Video Input on. */
  readonly path: readonly string[];
  /** The video has been fetched. */
  readonly fetched: boolean;
  /** How often a resume queued it again. Messages of an earlier round are ignored. */
  readonly round: number;
}

/** One output in the making: one input's way through the agent to one of its ends. */
export type Render = RenderBase &
  (
    | { readonly status: 'queued' | 'cancelled' }
    | {
        readonly status: 'running';
        /** Names one try. Another one takes over by writing its own name. */
        readonly worker: string;
        readonly progress: number;
        readonly touchedAt: string;
      }
    | { readonly status: 'completed'; readonly output: Output }
    | { readonly status: 'failed'; readonly message: string }
  );

export interface StoredFile {
  readonly key: string;
  readonly versionId: string;
}

export interface Output {
  readonly video: StoredFile;
  readonly thumbnail: StoredFile;
  readonly completedAt: string;
  readonly durationSeconds: number;
  readonly width: number;
  readonly height: number;
  readonly sizeBytes: number;
}

export interface LoadedRun {
  readonly run: AgentRun;
  /** By index. */
  readonly renders: readonly Render[];
}

export const isOpen = (render: Render): boolean => render.status === 'queued' || render.status === 'running';

/** 0 to 1. */
export function progressOf({ run, renders }: LoadedRun): number {
  if (run.status !== 'running') return 1;
  const done = renders.reduce((sum, render) => sum + fractionOf(render), 0);
  return Math.round((done / Math.max(1, renders.length)) * 1000) / 1000;
}

const fractionOf = (render: Render): number =>
  render.status === 'queued' ? 0 : render.status === 'running' ? render.progress : 1;

/** What the renders add up to once none is open. */
export function endingOf(renders: readonly Render[]): Exclude<Ending, 'cancelled'> {
  const completed = renders.filter((render) => render.status === 'completed').length;
  if (completed === renders.length) return 'completed';
  return completed > 0 ? 'partial_complete' : 'failed';
}
