import type { Run } from '../../shared/runs/run/run.ts';

/** How much of a run is done, from 0 to 1; `delivered`: how much of its outputs, where that is known. */
export function fractionOf(run: Run, delivered = 0): number {
  if (run.status === 'running' || run.status === 'paused') return 0.02 + 0.94 * run.progress;
  if (run.status === 'copying') return 0.96 + 0.03 * delivered;
  return run.status === 'delivered' ? 1 : 0;
}

/** Where a run is, in a word or two. */
export function stateOf(run: Run): string {
  if (run.status === 'claimed' && run.parked !== undefined) return 'parked';
  const words: Partial<Record<Run['status'], string>> = {
    claimed: 'noticed',
    gathering: 'waiting for the rest',
    restoring: 'being restored',
    starting: 'starting',
    uncertain: 'making sure that it started',
    running: 'editing',
    copying: 'delivering',
  };
  return words[run.status] ?? run.status;
}
