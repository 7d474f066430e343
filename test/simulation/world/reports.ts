import { sha256 } from '../../../shared/runs/run/ids.ts';
import { agentRunKey, eventKey } from '../../../shared/runs/run/run-items.ts';
import type { AgentRun } from '../api/agent-run.ts';
import type { SimulatedApi } from '../api/mosaic.ts';
import { webhookBody } from '../api/webhook-body.ts';
import { type HttpDoor, webhookSender } from '../doors.ts';
import { secretMark } from '../invariants/watched.ts';
import type { MemoryTable } from '../ports/table.ts';
import type { Workshop } from '../worker.ts';
import type { Ground } from './ground.ts';

export const webhookSecret = `whsk_${secretMark}`;

interface Told {
  readonly shop: Workshop;
  readonly table: MemoryTable;
  readonly api: () => SimulatedApi;
  readonly open: HttpDoor['open'];
}

/** The webhooks that the API sends of its agent runs, and those that others send. */
export function reportsOf(ground: Ground, { shop, table, api, open }: Told) {
  const { random, faults, violated } = ground;
  const post = webhookSender({ ...ground, shop }, { open, answered });

  function answered(runId: string, body: string, secret: string | undefined, status: number): void {
    if (status >= 300) return;
    if (secret !== webhookSecret) violated('only who knows the secret is heard', `${runId}: ${status}`);
    const digest = sha256(body);
    const isStored =
      table.get(eventKey(runId, digest)) !== undefined ||
      table.get({ pk: `UNKNOWN#${runId}`, sk: `EVENT#${digest}` }) !== undefined;
    if (!isStored) violated('a report is stored before it is answered', `${runId}: ${status}`);
  }

  return function report(agentRun: AgentRun, flag: string): void {
    const runId = agentRun.ourRunId;
    if (runId === undefined) return;
    const body = webhookBody(agentRun, flag, secretMark);
    post(runId, body, webhookSecret);
    if (faults.happens('webhook-forged'))
      post(runId, webhookBody({ ...agentRun, status: 'completed' }, 'RUN_FINISHED', secretMark), 'guess');
    if (faults.happens('webhook-stranger')) post(random.text(24), body, webhookSecret);
    const other = random.pick([...api().runs.values()]);
    if (other !== agentRun && faults.happens('webhook-other-run'))
      post(runId, webhookBody(known(other), flag, secretMark), webhookSecret);
  };

  /** An agent run that nobody has yet and that reports to a run's own address is that run's: the design rests on it. */
  function known(agentRun: AgentRun): AgentRun {
    return table.get(agentRunKey(agentRun.id)) === undefined ? { ...agentRun, id: 'ar-nobody' } : agentRun;
  }
}
