import type { StartRequest } from '../../../shared/mosaic/mosaic.ts';
import type { Faults } from '../faults.ts';
import type { MemoryBucket } from '../ports/bucket.ts';
import type { Random } from '../random.ts';
import type { Scheduler } from '../scheduler.ts';
import type { Worker, Workshop } from '../worker.ts';
import type { AgentRun } from './agent-run.ts';

export interface ApiWorld {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly faults: Faults;
  readonly shop: Workshop;
  readonly uploads: MemoryBucket;
  readonly callbackUrl: string;
  readonly linkMark: string;
  /** The runs that the account may have at once, which need not be what we were told. */
  readonly limit: number;
  /** Whether a start with a key that was seen before gives back the run of that time. */
  readonly honoursKey: boolean;
  /** Sends a webhook on its way. */
  readonly send: (run: AgentRun, flag: string) => void;
  readonly onStartCall: (worker: Worker, agentId: string, request: StartRequest) => void;
  readonly onBegun: (run: AgentRun, worker: Worker | undefined) => void;
}
