import { isEnded, type Run } from '../../../shared/runs/run/run.ts';
import { runKey } from '../../../shared/runs/run/run-items.ts';
import { uploadIdentity } from '../../../shared/runs/run/upload.ts';
import { type AgentRun, isOver } from '../api/agent-run.ts';
import { asRun, type Watched } from './watched.ts';

/** One paid agent run for each upload, rule and attempt, and never more at once than there are slots. */
export function payments({ table, api, slots, violated }: Watched, paidFor: (run: Run) => void) {
  const paid = new Map<string, string>();
  const readRun = (id: string): Run | undefined => asRun(table().get(runKey(id)));

  /** Nobody knows of it, or nobody could end it: a person was told. */
  function isGivenUp({ ourRunId = '' }: AgentRun): boolean {
    const run = readRun(ourRunId);
    return run === undefined || isEnded(run);
  }

  function checkOnce(run: Run, agentRunId: string): void {
    const { upload, rule, attempt, previousRunId } = run;
    const parent = run.input?.kind === 'renders' ? run.input.ofRunId : uploadIdentity(upload);
    const what = `${parent} | ${rule.id} | attempt ${attempt}`;
    const other = paid.get(what);
    if (other !== undefined)
      violated('one paid agent run per object version, rule and attempt', `${what}: ${other}, ${agentRunId}`);
    paid.set(what, agentRunId);
    const before = [...api().runs.values()].find((each) => each.ourRunId === previousRunId && !isOver(each));
    if (previousRunId !== undefined && before !== undefined)
      violated('a new attempt only after the last has ended', `${what} while ${before.id} runs`);
  }

  function checkRoom({ rule }: Run): void {
    const counted = api()
      .inFlight()
      .filter((each) => !isGivenUp(each));
    if (counted.length > slots) violated('never more in flight than slots', `${counted.length} of ${slots}`);
    const ofRule = counted.filter(({ ourRunId = '' }) => readRun(ourRunId)?.rule.id === rule.id).length;
    if (ofRule > (rule.slots ?? Number.POSITIVE_INFINITY))
      violated("never more in flight than a rule's slots", `${ofRule} of ${rule.slots} of ${rule.id}`);
  }

  return {
    begun({ id, ourRunId }: AgentRun): void {
      if (ourRunId === undefined) return;
      const run = readRun(ourRunId);
      if (run === undefined) {
        violated('a paid agent run belongs to a run of ours', id);
        return;
      }
      checkOnce(run, id);
      checkRoom(run);
      paidFor(run);
    },
  };
}
