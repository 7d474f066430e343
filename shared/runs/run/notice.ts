import type { Json } from '../../platform/ports.ts';
import type { EventName } from './event-names.ts';
import { nextStepFor } from './next-step.ts';
import { linkless } from './redact.ts';
import type { NextState, Run } from './run.ts';

/** What of an event may look different later, kept with the move that it tells of; the rest is read when it is told. */
export type Notice = { readonly type: EventName } & { readonly [field: string]: Json | undefined };

/** What a move is worth telling; undefined where nobody waits to hear of it. */
export function noticeOf(from: Run | undefined, to: Run): Notice | undefined {
  const type = typeOf(from, to);
  return type && { type, status: to.status, ...factsOf(to) };
}

function typeOf(from: Run | undefined, to: Run): EventName | undefined {
  if (from?.status === to.status) return undefined;
  switch (to.status) {
    case 'running':
      // From a pause it only goes on.
      return from?.status === 'starting' || from?.status === 'uncertain' ? 'Run Started' : undefined;
    case 'paused':
      // One whose resume was refused still waits, as was told when it began to.
      return from?.status === 'running' && from.pausedAt !== undefined ? undefined : 'Run Waiting For Credits';
    case 'waiting':
      return lacksCredits(to) && !(from && lacksCredits(from)) ? 'Run Waiting For Credits' : undefined;
    case 'delivered':
      return to.partial ? 'Run Partially Delivered' : 'Run Delivered';
    case 'failed':
      return 'Run Failed';
    case 'cancelled':
      return 'Run Cancelled';
    case 'rejected':
      return 'Run Rejected';
    default:
      return undefined;
  }
}

/** A start keeps why the one before it was refused, so that a wait of many tries is told once. */
const lacksCredits = (run: Run | NextState): boolean => 'refusal' in run && run.refusal?.kind === 'credits';

function factsOf(run: Run): { readonly [field: string]: Json | undefined } {
  const agentRunId = 'agentRunId' in run ? run.agentRunId : undefined;
  switch (run.status) {
    case 'delivered': {
      const { manifestKey, outputCount, partial, failedOutputs = [] } = run;
      const failed = failedOutputs.map(({ id, reason }) => ({ id, reason: words(reason, 300) }));
      return {
        agentRunId,
        manifestKey,
        outputCount,
        ...(partial && { failedOutputs: failed, nextStep: nextStepFor(run) }),
      };
    }
    case 'failed':
      return {
        ...{ agentRunId, failure: run.failure, reason: words(run.reason), nextStep: nextStepFor(run) },
        nextRunId: run.nextRunId,
      };
    case 'cancelled':
      return { agentRunId, reason: words(run.reason) };
    case 'rejected':
      return { reason: words(run.reason), nextStep: nextStepFor(run) };
    case 'waiting':
      return { reason: words(run.refusal?.message ?? ''), nextStep: nextStepFor(run) };
    case 'paused':
      return { agentRunId, reason: words(run.reason), nextStep: nextStepFor(run) };
    default:
      return { agentRunId };
  }
}

const words = (reason: string, maxLength = 2000): string => linkless(reason, maxLength);
