import { outputWords } from '../run/attachments.ts';
import { isSidecarKey } from '../run/control-files.ts';
import type { Delivered, Run } from '../run/run.ts';

/** One sentence about where a run is, for a person. */
export function describeRun(run: Run): string {
  const file = run.upload.key;
  switch (run.status) {
    case 'claimed':
      return run.parked === undefined
        ? `${file} was noticed.`
        : `${file} is parked, since we may not read it: ${run.parked.reason}`;
    case 'gathering':
      return run.group === undefined
        ? `${file} is waiting for ${awaited(run.awaits)}.`
        : `${file} is waiting for the rest of its group (${plural(run.members.length, 'file')} so far).`;
    case 'ignored':
      return `${file} was ignored: ${run.reason}`;
    case 'rejected':
      return `${file} was rejected: ${run.reason}`;
    case 'restoring':
      return `${file} is being restored from the archive.`;
    case 'waiting':
      return run.refusal === undefined
        ? `${file} is waiting to be started${run.attempt > 1 ? ` (attempt ${run.attempt})` : ''}.`
        : `${file} is waiting; its last start was refused: ${run.refusal.message}`;
    case 'starting':
      return `${file} is being started.`;
    case 'uncertain':
      return `${file} may or may not have started: ${run.reason}`;
    case 'running':
      return `${file} is being edited (${Math.round(run.progress * 100)} %)${run.cancelAsked === undefined ? '' : ' and is to be cancelled'}.`;
    case 'paused':
      return `${file} is paused: ${run.reason}`;
    case 'copying':
      return `${file} is edited; ${plural(run.expected.length, 'output')} being delivered.`;
    case 'delivered':
      return `${file} is delivered${run.partial ? ' in part' : ''}: ${plural(run.outputCount, 'output')}, listed in ${run.manifestKey}.${undelivered(run)}`;
    case 'failed':
      return `${file} failed: ${run.reason}${run.nextRunId === undefined ? '' : ` It is tried again as run ${run.nextRunId}.`}`;
    case 'cancelled':
      return `${file} was cancelled: ${run.reason}`;
  }
}

/** The first few missing outputs, with reasons, for the operator. */
function undelivered({ failedOutputs = [], undelivered: left }: Delivered): string {
  if (failedOutputs.length === 0) return '';
  const told = failedOutputs.slice(0, 3).map(({ id, reason }) => {
    const expected = left?.expected.find((output) => output.id === id) ?? { id };
    return `${outputWords(expected)}: ${reason}`;
  });
  const more = failedOutputs.length > told.length ? ` and ${failedOutputs.length - told.length} more` : '';
  return ` Not delivered: ${told.join(' ')}${more}`;
}

/** A manifest waits for an input that it names. */
const awaited = (key = ''): string => (isSidecarKey(key) ? `its sidecar ${key}` : key);

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
