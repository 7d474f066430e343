import type { StartRequest } from '../../shared/mosaic/client.ts';
import type { Item } from '../../shared/platform/ports.ts';
import type { Hold } from '../../shared/runs/account-hold.ts';
import { isEnded, type Run, type RunStatus, type Waiting } from '../../shared/runs/run.ts';
import { companions, holdKey, listedType, pauseKey, runKey } from '../../shared/runs/run-items.ts';
import { uploadIdentity } from '../../shared/runs/upload.ts';
import type { AgentRun } from './api/agent-run.ts';
import type { SimulatedApi } from './api/mosaic.ts';
import type { Changed, MemoryTable } from './ports/table.ts';
import type { Scheduler } from './scheduler.ts';
import type { Worker } from './worker.ts';

/** In every secret and in every signature of a link: where it shows, something leaked. */
export const secretMark = '5ecret';

export interface Watch {
  /** Looks at each transaction, by the worker that makes it. */
  tableChanged(changes: readonly Changed[], worker: Worker | undefined): void;
  startCalled(worker: Worker, request: StartRequest): void;
  agentRunBegun(agentRun: AgentRun): void;
  workerBorn(worker: Worker): void;
  noSecretIn(where: string, text: string): void;
  /** What happened to each run so far. */
  ended(): ReadonlyMap<string, RunStatus>;
}

interface Watched {
  readonly table: () => MemoryTable;
  readonly api: () => SimulatedApi;
  readonly scheduler: () => Scheduler;
  readonly slots: number;
  /** Starts in an hour, where the rules cap them and stay as they are. */
  readonly maxStartsPerHour?: number;
  readonly maxSpentPerDay?: number;
  readonly violated: (rule: string, facts: string) => void;
}

/** As they are drawn in docs/how-it-works.md: the code's own table of moves would not show that it is wrong. */
const drawnMoves: Readonly<Record<RunStatus, readonly RunStatus[]>> = {
  claimed: ['ignored', 'rejected', 'gathering', 'restoring', 'waiting', 'failed', 'cancelled'],
  gathering: ['ignored', 'rejected', 'restoring', 'waiting', 'failed', 'cancelled'],
  restoring: ['waiting', 'rejected', 'failed', 'cancelled'],
  waiting: ['starting', 'failed', 'cancelled'],
  starting: ['running', 'uncertain', 'waiting', 'failed', 'cancelled'],
  uncertain: ['running', 'waiting', 'failed', 'cancelled'],
  running: ['copying', 'paused', 'failed', 'cancelled'],
  paused: ['running', 'failed', 'cancelled'],
  copying: ['delivered', 'failed', 'cancelled'],
  ...{ ignored: [], rejected: [], delivered: [], failed: [], cancelled: [] },
};

/** What must hold at every moment, whatever happens; `final-checks.ts` has what must hold in the end. */
export function watch({ table, api, scheduler, slots, violated, ...caps }: Watched): Watch {
  const paid = new Map<string, string>();
  const ended = new Map<string, RunStatus>();
  const waitingSince = new Map<string, number>();
  const agentFreeSince = new Map<string, number>();
  const startsInHour = new Map<string, number>();
  const spentOnDay = new Map<string, number>();
  const begunRuns = new Set<string>();
  const holdGoneAt = { ms: 0 };
  const now = () => scheduler().now();

  const readRun = (id: string): Run | undefined => asRun(table().get(runKey(id)));

  function runChanged(before: Run | undefined, after: Run | undefined, worker: Worker | undefined): void {
    if (after === undefined) {
      violated('a run is never forgotten', before?.id ?? '');
      return;
    }
    checkMove(before, after);
    checkCompanions(before, after);
    const startableSince = before?.status === 'waiting' ? before.notBefore : 'never';
    if (after.status === 'waiting' && after.notBefore !== startableSince) waitingSince.set(after.id, now());
    if (after.status === 'starting' && before?.status === 'waiting' && worker) {
      checkOrder(before, worker);
      checkCaps(after);
    }
    if (isEnded(after)) ended.set(after.id, after.status);
  }

  function checkMove(before: Run | undefined, after: Run): void {
    if (before === undefined) {
      if (after.revision !== 1) violated('a run begins at revision 1', `${after.id} began at ${after.revision}`);
      return;
    }
    if (before.status !== after.status && !drawnMoves[before.status].includes(after.status))
      violated('no move backwards', `${after.id} went from ${before.status} to ${after.status}`);
    if (after.revision !== before.revision + 1)
      violated('every write of a run counts', `${after.id} went from ${before.revision} to ${after.revision}`);
    // A group is called after its first member, whichever came first.
    const fixed = (run: Run) => [
      run.id,
      run.rule.id,
      run.attempt,
      run.createdAt,
      before.status === 'gathering' || run.upload.key,
      run.previousRunId,
    ];
    if (fixed(before).join() !== fixed(after).join()) violated('what a run is never changes', after.id);
    const progress = (run: Run) => ('progress' in run ? run.progress : 0);
    if (after.status === 'running' && progress(after) < progress(before))
      violated('progress never falls', `${after.id}: ${progress(before)} to ${progress(after)}`);
  }

  /** A slot, lock, queue place or pointer is there exactly while the run's state says so. */
  function checkCompanions(before: Run | undefined, after: Run): void {
    const wanted = companions(after).filter(({ type }) => type !== listedType);
    for (const { pk, sk } of wanted)
      if (table().get({ pk, sk })?.runId !== after.id)
        violated('what a run holds is written with it', `${after.id} is ${after.status} without ${pk}/${sk}`);
    const names = new Set(wanted.map(({ pk, sk }) => `${pk}/${sk}`));
    for (const { pk, sk } of before === undefined ? [] : companions(before))
      if (!names.has(`${pk}/${sk}`) && table().get({ pk, sk })?.runId === after.id && !pk.startsWith('RULE#'))
        violated('what a run no longer needs is given back', `${after.id} is ${after.status} and keeps ${pk}/${sk}`);
  }

  function checkCaps({ rule, updatedAt, estimate, id }: Run): void {
    // Counted a moment before it is written, so in the minute after an hour it may belong to the one before.
    if (updatedAt.slice(14, 16) === '00') return;
    const hour = updatedAt.slice(0, 13);
    const count = (name: string, most: number | undefined) => {
      const starts = (startsInHour.get(name) ?? 0) + 1;
      startsInHour.set(name, starts);
      if (starts > (most ?? Number.POSITIVE_INFINITY))
        violated('no more starts in an hour than allowed', `${starts} in ${name}`);
    };
    count(hour, caps.maxStartsPerHour);
    count(`${hour} of ${rule.id}`, rule.maxRunsPerHour);
    const day = updatedAt.slice(0, 10);
    spentOnDay.set(`${day} ${id}`, estimate?.amount ?? 0);
  }

  /** Whoever starts a run has looked at each that waits before it: higher priority first, then who came first. */
  function checkOrder(run: Waiting, worker: Worker): void {
    for (const item of table().all()) {
      if (item.type !== 'run' || item.status !== 'waiting' || item.id === run.id) continue;
      const other = asRun(item) as Waiting;
      if (!isBefore(other, run)) continue;
      // What joined the queue while this worker was at it, it need not know of.
      if ((waitingSince.get(other.id) ?? 0) >= worker.bornMs || worker.readRuns.has(`RUN#${other.id}`)) continue;
      if (Date.parse(other.notBefore ?? '') > worker.bornMs) continue;
      if ((agentFreeSince.get(other.rule.agentId) ?? 0) >= worker.bornMs) continue;
      if (isHeldBack(other)) continue;
      violated('runs start in order of priority, then arrival', `${run.id} started before ${other.id}`);
    }
  }

  /** Where its rule lets it wait (a pause, slots or caps of its own), only the rule's own runs compare. */
  const isHeldBack = ({ rule }: Run): boolean =>
    rule.slots !== undefined || rule.maxRunsPerHour !== undefined || table().get(pauseKey(rule.id)) !== undefined;

  function noteAgentLock({ before, after }: Changed): void {
    const item = after ?? before;
    if (item?.type !== 'agent-lock') return;
    agentFreeSince.set(item.pk.slice('AGENT#'.length), after === undefined ? now() : Number.POSITIVE_INFINITY);
  }

  return {
    ended: () => ended,
    tableChanged(changes, worker) {
      for (const change of changes) {
        noteAgentLock(change);
        const { before, after } = change;
        if (before?.type === 'hold' && after === undefined) holdGoneAt.ms = now();
      }
      for (const { before, after } of changes)
        if ((before ?? after)?.type === 'run') runChanged(asRun(before), asRun(after), worker);
    },
    workerBorn(worker) {
      const hold = table().get(holdKey) as unknown as Hold | undefined;
      worker.facts.set('heldUntilMs', hold === undefined ? 0 : Date.parse(hold.until));
      worker.facts.set('paused', table().get(pauseKey()) !== undefined);
    },
    startCalled(worker, { callbackUrl }) {
      const hold = table().get(holdKey) as unknown as Hold | undefined;
      // Known when this worker began, and in force ever since; only the one call that is to probe it may be made.
      const isKnown = Number(worker.facts.get('heldUntilMs')) > now() && holdGoneAt.ms < worker.bornMs;
      if (isKnown && hold !== undefined && !callbackUrl.endsWith(`/${hold.probe}`))
        violated('no start while the account is known to be held', `${worker.name}#${worker.id} called`);
      if (worker.facts.get('paused') === true && table().get(pauseKey()) !== undefined)
        violated('no start while paused', `${worker.name}#${worker.id} called`);
    },
    agentRunBegun({ id, ourRunId }) {
      if (ourRunId === undefined) return;
      const run = readRun(ourRunId);
      if (run === undefined) return violated('a paid agent run belongs to a run of ours', id);
      const { upload, rule, attempt } = run;
      const parent = run.input?.kind === 'renders' ? run.input.ofRunId : uploadIdentity(upload);
      const what = `${parent} | ${rule.id} | attempt ${attempt}`;
      const other = paid.get(what);
      if (other !== undefined)
        violated('one paid agent run per object version, rule and attempt', `${what}: ${other}, ${id}`);
      paid.set(what, id);
      const before = run.previousRunId === undefined ? undefined : agentRunsOf(run.previousRunId).find(isUnderWay);
      if (before !== undefined)
        violated('a new attempt only after the last has ended', `${what} while ${before.id} runs`);
      const counted = api()
        .inFlight()
        .filter((each) => !isGivenUp(each));
      if (counted.length > slots) violated('never more in flight than slots', `${counted.length} of ${slots}`);
      const ofRule = counted.filter(({ ourRunId: other = '' }) => readRun(other)?.rule.id === rule.id).length;
      if (ofRule > (rule.slots ?? Number.POSITIVE_INFINITY))
        violated("never more in flight than a rule's slots", `${ofRule} of ${rule.slots} of ${rule.id}`);
      checkSpending(run);
    },
    noSecretIn(where, text) {
      if (text.includes(secretMark))
        violated('no secret or signed link is written anywhere', `${where}: ${text.slice(0, 200)}`);
    },
  };

  /** What the runs of a day that began, by their estimates, is within the budget. */
  function checkSpending({ id, updatedAt }: Run): void {
    begunRuns.add(id);
    const day = updatedAt.slice(0, 10);
    let spent = 0;
    for (const [name, amount] of spentOnDay) if (name.startsWith(day) && begunRuns.has(name.slice(11))) spent += amount;
    if (spent > (caps.maxSpentPerDay ?? Number.POSITIVE_INFINITY) + 1e-6)
      violated('no day costs more than its budget', `${spent} on ${day}`);
  }

  function agentRunsOf(runId: string): readonly AgentRun[] {
    return [...api().runs.values()].filter(({ ourRunId }) => ourRunId === runId);
  }

  /** Nobody knows of it, or nobody could end it: a person was told. */
  function isGivenUp({ ourRunId = '' }: AgentRun): boolean {
    const run = readRun(ourRunId);
    return run === undefined || isEnded(run);
  }
}

const isUnderWay = ({ status }: AgentRun): boolean => status === 'running';

/** The item has all that the run has. */
const asRun = (item: Item | undefined): Run | undefined => item as unknown as Run | undefined;

function isBefore(one: Waiting, other: Waiting): boolean {
  if (one.rule.priority !== other.rule.priority) return one.rule.priority > other.rule.priority;
  return one.createdAt < other.createdAt || (one.createdAt === other.createdAt && one.id < other.id);
}
