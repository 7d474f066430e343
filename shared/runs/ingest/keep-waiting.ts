import type { Gathering, InputObject, Upload } from '../run/run.ts';
import type { IngestDeps } from './deps.ts';
import { rejected, type Unadmitted, type Verdict } from './verdict.ts';

const defaultGatherSeconds = 24 * 3600;
/** How often is looked, should the word of what came be lost. */
const lookAgainSeconds = 900;

/** What a run waits for, and what it has. */
export interface Waited {
  readonly group?: string;
  readonly awaits?: string;
  readonly members: readonly InputObject[];
  /** The upload as it was read, where that is news. */
  readonly upload?: Upload;
  /** Said when time is up; ends with a full stop. */
  readonly missing: string;
}

/** The run waits until what is missing has come or its time is up; `stays`: it does so already. */
export function keepWaiting({ clock }: IngestDeps, run: Unadmitted, waited: Waited): Verdict | 'stays' {
  const { missing, upload = run.upload, ...what } = waited;
  const now = clock();
  const until = untilOf(run);
  if (now >= Date.parse(until)) return rejected(`${missing} It waited until ${until}.`);
  if (run.status === 'gathering' && sameWait(run, what) && now < Date.parse(run.checkAfter)) return 'stays';
  const checkAfter = new Date(Math.min(Date.parse(until), now + lookAgainSeconds * 1000)).toISOString();
  return { next: { status: 'gathering', ...what, until, checkAfter, upload } };
}

const untilOf = (run: Unadmitted): string =>
  run.status === 'gathering'
    ? run.until
    : new Date(Date.parse(run.createdAt) + (run.rule.gatherSeconds ?? defaultGatherSeconds) * 1000).toISOString();

const sameWait = (run: Gathering, what: Pick<Waited, 'group' | 'awaits' | 'members'>): boolean =>
  run.group === what.group &&
  run.awaits === what.awaits &&
  JSON.stringify(run.members) === JSON.stringify(what.members);
