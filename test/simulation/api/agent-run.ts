import type { AgentRunReport, AgentRunStatusName, StartRequest } from '../../../shared/mosaic/client.ts';
import type { Random } from '../random.ts';

export interface SimulatedOutput {
  readonly id: string;
  readonly nodeId: string;
  readonly bytes: Uint8Array;
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

export function reportOf(run: AgentRun, linkTo: (run: AgentRun, output: SimulatedOutput) => string): AgentRunReport {
  const outputs = run.outputs.map((output) => ({
    id: output.id,
    nodeId: output.nodeId,
    videoUrl: linkTo(run, output),
  }));
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

const largeBytes = 8 * 1024 * 1024 + 12_345;

/** Begins like an MP4; every output has bytes of its own, so that a mixed-up one shows. */
export function outputBytes(random: Random, isLarge: boolean): Uint8Array {
  const bytes = Buffer.alloc(isLarge ? largeBytes : random.between(200, 2_000), random.below(256));
  bytes.write('\0\0\0\x14ftypisom\0\0\0\0isom', 'latin1');
  bytes.write(random.text(24), 24, 'latin1');
  return bytes;
}
