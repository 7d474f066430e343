import type { AgentRunReport, AgentRunStatusName } from '../../../shared/mosaic/client.ts';
import type { StartRequest } from '../../../shared/mosaic/mosaic.ts';
import type { FileKind, SourceFile } from './source-file.ts';

export interface SimulatedOutput {
  readonly id: string;
  readonly nodeId: string;
  /** The video, and what was made beside it. */
  readonly files: readonly SourceFile[];
}

/** An agent run as the simulated API keeps it. */
export interface AgentRun {
  readonly id: string;
  readonly agentId: string;
  readonly request: StartRequest;
  readonly key: string;
  /** Undefined for a run that somebody else began. */
  readonly ourRunId?: string;
  readonly acceptedMs: number;
  /** From when on the agent's run list shows it. */
  readonly listedMs: number;
  readonly ending: Ending;
  status: AgentRunStatusName;
  needsCredits: boolean;
  statusMessage?: string;
  progress: number;
  endedMs?: number;
  /** We asked, and were told that it has ended well: before that, nothing of it may be copied. */
  isConfirmed: boolean;
  outputs: readonly SimulatedOutput[];
  /** Counts what was begun, so that a step planned before a resume or cancel does nothing after it. */
  turn: number;
}

export interface Ending {
  readonly status: Exclude<AgentRunStatusName, 'running'> | 'hangs';
  readonly outputs: readonly SimulatedOutput[];
  readonly afterMs: number;
}

export const isOver = ({ status }: AgentRun): boolean => status !== 'running';

export function reportOf(run: AgentRun, linkTo: (run: AgentRun, name: string) => string): AgentRunReport {
  const outputs = run.outputs.map((output) => {
    const has = (kind: FileKind) => output.files.some((file) => file.kind === kind);
    return {
      id: output.id,
      nodeId: output.nodeId,
      videoUrl: linkTo(run, fileName(output.id, 'video')),
      ...(has('thumbnail') && { thumbnailUrl: linkTo(run, fileName(output.id, 'thumbnail')) }),
      ...(has('project') && { projectUrl: linkTo(run, fileName(output.id, 'project')) }),
    };
  });
  return {
    agentRunId: run.id,
    agentId: run.agentId,
    status: run.status,
    statusMessage: run.statusMessage,
    needsCredits: run.needsCredits,
    progress: run.progress,
    nodeStatusCounts: { completed: outputs.length, inProgress: run.status === 'running' ? 1 : 0, failed: 0 },
    errors: run.status === 'failed' ? [{ nodeId: 'node-1', messages: ['The node failed.'] }] : [],
    outputs,
    startedAt: new Date(run.acceptedMs).toISOString(),
  };
}

/** The last part of a file's address. */
export const fileName = (outputId: string, kind: FileKind): string => `${outputId}.${kind}`;
