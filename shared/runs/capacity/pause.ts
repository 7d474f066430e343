import type { Item } from '../../platform/ports.ts';
import { allItems } from '../../platform/query-all.ts';
import type { ControlDeps, RunDeps } from '../run/deps.ts';
import { wakeStartWaiting } from '../run/messages.ts';
import type { Asked, Waiting } from '../run/run.ts';
import { pauseKey } from '../run/run-items.ts';

export interface Pauses {
  /** The pause of the whole pipeline. */
  readonly all?: Asked;
  readonly rules: ReadonlyMap<string, Asked>;
}

/** Stops all starts until `unpause`. Uploads are still claimed and wait; runs in flight continue. */
export async function pause(
  deps: RunDeps,
  { ruleId, reason }: { readonly ruleId?: string; readonly reason: string },
): Promise<void> {
  const at = new Date(deps.clock()).toISOString();
  const put: Item = { ...pauseKey(ruleId), type: 'pause', at, reason, ...(ruleId === undefined ? {} : { ruleId }) };
  const written = await deps.runs.write({ put, if: 'absent' });
  if (written.done) deps.log.info('pipeline.paused', { ruleId, reason });
}

export async function unpause(deps: ControlDeps, ruleId?: string): Promise<void> {
  const written = await deps.runs.write({ delete: pauseKey(ruleId), if: {} });
  if (written.done) deps.log.info('pipeline.unpaused', { ruleId });
  // Also if it was unpaused before: that call may have crashed before it sent the message.
  await wakeStartWaiting(deps.startQueue);
}

export async function readPauses({ runs }: Pick<RunDeps, 'runs'>): Promise<Pauses> {
  let all: Asked | undefined;
  const rules = new Map<string, Asked>();
  for await (const { ruleId, at, reason } of allItems(runs, { pk: pauseKey().pk, prefix: pauseKey().sk })) {
    const asked = { at: String(at), reason: String(reason) };
    if (ruleId === undefined) all = asked;
    else rules.set(String(ruleId), asked);
  }
  return { all, rules };
}

/** The pause that stops a rule now. A rule with several agents is paused by its id, or for one agent by `<id>@<agent>`. */
export function pausedBecause({ all, rules }: Pauses, { id, agentId }: Pick<Waiting['rule'], 'id' | 'agentId'>) {
  const whole = id.endsWith(`@${agentId}`) ? id.slice(0, -agentId.length - 1) : id;
  return all ?? rules.get(id) ?? rules.get(whole);
}
