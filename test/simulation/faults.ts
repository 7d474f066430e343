import type { Random } from './random.ts';

/** Everything that is done to the pipeline from outside, each counted, so that one sees that it happens. */
export const faultKinds = [
  'crash-before',
  'crash-after',
  'timeout-kill',
  'table-throttled',
  'table-written-but-failed',
  'index-behind',
  'bucket-failed',
  'bucket-written-but-failed',
  'queue-failed',
  'queue-sent-but-failed',
  'bus-failed',
  'bus-taken-but-failed',
  'receiver-fails',
  'receiver-refuses',
  'receiver-unreachable',
  'receiver-answer-lost',
  'call-slow',
  'call-hangs',
  'event-duplicated',
  'event-delayed',
  'message-delayed',
  'message-not-deleted',
  'batch-large',
  'webhook-dropped',
  'webhook-duplicated',
  'webhook-delayed',
  'webhook-forged',
  'webhook-stranger',
  'webhook-other-run',
  'reconcile-late',
  'start-slow',
  'start-answer-lost',
  'start-request-lost',
  'start-5xx-begun',
  'start-5xx-not-begun',
  'start-unreachable',
  'start-rate-limited',
  'start-no-room',
  'start-no-credits',
  'start-unauthorised',
  'start-forbidden',
  'start-bad-request',
  'start-before-answer',
  'start-listed-late',
  'api-failed',
  'api-list-stranger',
  'input-link-expired',
  'input-gone',
  'run-failed',
  'run-partial',
  'run-cancelled-itself',
  'run-no-output',
  'run-hangs',
  'run-out-of-credits',
  'output-link-expired',
  'output-truncated',
  'output-page',
  'output-gone',
  'upload-denied',
  'deliveries-denied',
  'stranger-uploads',
  'records-expired',
  'output-large',
  'output-no-ranges',
  'output-range-ignored',
  'output-slow',
  'output-changed',
  'output-spoilt',
  'output-not-media',
  'output-wrong-hash',
  'output-lost',
  'upload-replaced',
  'upload-deleted',
  'upload-not-for-us',
  'upload-not-a-video',
  'upload-archived',
  'copy-handed-over',
  'copy-given-up',
  'copy-key-taken',
  'copy-adopted',
  'parts-reaped',
  'outbox-woken',
  'run-parked',
  'command-cancel',
  'command-resume',
  'command-retry',
  'command-redeliver',
  'command-pause',
  'command-backfill',
  'command-rules',
  'dead-letter-redriven',
] as const;
export type FaultKind = (typeof faultKinds)[number];

export interface Faults {
  /** Whether this fault happens now; counted when it does. */
  happens(kind: FaultKind): boolean;
  count(kind: FaultKind): void;
  /** From now on the world is kind. */
  stop(): void;
  stopped(): boolean;
  readonly counts: Map<FaultKind, number>;
}

/** How often each happens where it could, in a seed that has it at all. */
const usual: Partial<Record<FaultKind, number>> = {
  'crash-before': 0.01,
  'crash-after': 0.01,
  'table-throttled': 0.01,
  'table-written-but-failed': 0.01,
  'bucket-failed': 0.02,
  'bucket-written-but-failed': 0.02,
  'queue-failed': 0.01,
  'queue-sent-but-failed': 0.01,
  'bus-failed': 0.05,
  'bus-taken-but-failed': 0.05,
  'receiver-refuses': 0.05,
  'call-slow': 0.02,
  'call-hangs': 0.002,
  'index-behind': 0.1,
  'api-failed': 0.05,
  'batch-large': 0.5,
  'event-duplicated': 0.3,
  'event-delayed': 0.3,
  'message-not-deleted': 0.05,
  'upload-denied': 0.05,
  'output-large': 0.3,
  'output-not-media': 0.03,
  'output-wrong-hash': 0.03,
  'output-lost': 0.01,
  'start-unauthorised': 0.02,
  'start-bad-request': 0.03,
  'start-listed-late': 0.7,
  'upload-not-for-us': 0.1,
  'upload-archived': 0.05,
  'upload-not-a-video': 0.1,
};
const otherwise = 0.12;

/** Faults that are harmless alone: the worst needs several of them in the same hour. */
type Theme = Partial<Record<FaultKind, number>>;
/** Starts that nobody hears of: no answer, no report, and the run list shows them at the last moment. */
const lostStarts: Theme = {
  'start-answer-lost': 0.4,
  'webhook-dropped': 0.8,
  'start-listed-late': 0.9,
  'start-slow': 0.4,
};
const themes: readonly Theme[] = [
  { 'crash-before': 0.03, 'crash-after': 0.05, 'message-not-deleted': 0.3 },
  { 'output-large': 0.8, 'output-slow': 0.7, 'output-changed': 0.3 },
  { 'output-link-expired': 0.5, 'output-truncated': 0.3, 'output-gone': 0.3, 'bucket-failed': 0.1 },
];
const themeChance = 0.4;

/** Each seed has some of the faults, some of them often: what every seed had a little of would never go far wrong. */
export function faultsOf(random: Random): Faults {
  const chances = new Map<FaultKind, number>();
  const general = random.pick([0, 0.5, 1, 1, 2]);
  for (const kind of faultKinds) {
    const weight = random.pick([0, 0, 1, 1, 3]) * general;
    chances.set(kind, Math.min(0.9, weight * (usual[kind] ?? otherwise)));
  }
  if (random.chance(themeChance))
    for (const [kind, chance] of Object.entries(random.pick([lostStarts, lostStarts, ...themes])))
      chances.set(kind as FaultKind, chance);
  const counts = new Map<FaultKind, number>();
  let stopped = false;
  const count = (kind: FaultKind) => void counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return {
    happens(kind) {
      if (stopped) return false;
      const happens = random.chance(chances.get(kind) ?? 0);
      if (happens) count(kind);
      return happens;
    },
    count,
    stop: () => {
      stopped = true;
    },
    stopped: () => stopped,
    counts,
  };
}
