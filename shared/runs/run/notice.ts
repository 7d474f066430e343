import type { Json } from '../../platform/ports.ts';
import type { EventName } from './event-names.ts';
import { nextStepFor } from './next-step.ts';
import { redactLinks } from './redact.ts';
import type { NextState, Run } from './run.ts';

/** The facts of an event that may change later, stored with the move; the rest is read when the event is sent. */
export type Notice = { readonly type: EventName } & { readonly [field: string]: Json | undefined };

/** The event for a move; undefined if the move has none. */
export function noticeOf(from: Run | undefined, to: Run): Notice | undefined {
  const type = typeOf(from, to);
  return type && { type, status: to.status, ...factsOf(to) };
}

function typeOf(from: Run | undefined, to: Run): EventName | undefined {
  if (from?.status === to.status) return undefined;
  switch (to.status) {
    case 'running':
      // After a pause the run only continues.
      return from?.status === 'starting' || from?.status === 'uncertain' ? 'Run Started' : undefined;
    case 'paused':
      // A run whose resume was refused is still waiting, and that was announced when it began.
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

/** A start keeps the refusal of the one before it, so that a wait of many retries is announced once. */
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

const words = (reason: string, maxLength = 2000): string => redactLinks(reason, maxLength);
