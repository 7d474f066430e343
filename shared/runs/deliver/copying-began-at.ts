import type { Copying } from '../run/run.ts';

/** When a run's copies were due for the first time, ISO. A redelivery counts from its own start: it has its own week. */
export const copyingBeganAt = ({ redelivers, createdAt, finishedAt }: Copying): string =>
  redelivers === undefined ? finishedAt : createdAt;
