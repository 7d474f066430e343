import type { Item, Json, Key } from '../../platform/ports.ts';
import type { AgentRun, Ending, Output, Render, RunInput, RunNode, Source } from './agent-run.ts';

/*
 * | question                               | operation                       | pk          | sk              |
 * | what is this run, all of it?           | query                           | `RUN#<id>`  | all             |
 * | has it ended?                          | update if status = running      | `RUN#<id>`  | `RUN`           |
 * | how far is this output?                | update if running and mine      | `RUN#<id>`  | `RENDER#<nnnn>` |
 * | where does its video come from?        | get; deleted when all is done   | `RUN#<id>`  | `INPUT#<nnnn>`  |
 * | which run is this output of?           | get                             | `OUTPUT#<id>` | `OUTPUT`      |
 * | was this start asked for before?       | put if absent                   | `START#<hash>` | `START`      |
 * | what was measured of this video?       | get                             | `MEASURED#<hash and settings>` | `MEASURED` |
 * | which runs has this agent had, newest? | query the index, descending     | `RUNS#<agent>` | `<created>#<id>` |
 */

export const runKey = (runId: string): Key => ({ pk: `RUN#${runId}`, sk: 'RUN' });
export const renderKey = (runId: string, index: number): Key => ({ pk: `RUN#${runId}`, sk: `RENDER#${padded(index)}` });
export const sourceKey = (runId: string, index: number): Key => ({ pk: `RUN#${runId}`, sk: `INPUT#${padded(index)}` });
export const outputKey = (outputId: string): Key => ({ pk: `OUTPUT#${outputId}`, sk: 'OUTPUT' });

export const runsOf = (agentId: string): string => `RUNS#${agentId}`;
export const placeOf = ({ id, createdAt }: Pick<AgentRun, 'id' | 'createdAt'>): string => `${createdAt}#${id}`;

const padded = (index: number): string => String(index).padStart(4, '0');

export function runToItem(run: AgentRun): Item {
  const { id, agentId, status, createdAt, callbackUrl, queued } = run;
  const lists = { nodes: run.nodes as unknown as Json, inputs: run.inputs as unknown as Json };
  const listed = { ipk: runsOf(agentId), isk: placeOf(run) };
  return { ...runKey(id), ...listed, type: 'agent-run', id, agentId, status, createdAt, callbackUrl, queued, ...lists };
}

export function runFromItem(item: Item): AgentRun {
  const base = {
    id: String(item.id),
    agentId: String(item.agentId),
    createdAt: String(item.createdAt),
    callbackUrl: textOf(item.callbackUrl),
    nodes: item.nodes as unknown as readonly RunNode[],
    inputs: item.inputs as unknown as readonly RunInput[],
    queued: item.queued === true,
  };
  if (item.status === 'running') return { ...base, status: 'running' };
  return {
    ...base,
    status: item.status as Ending,
    endedAt: String(item.endedAt),
    statusMessage: textOf(item.statusMessage),
    told: item.told === true,
  };
}

export function renderToItem(render: Render & { status: 'queued' }): Item {
  const { runId, index, outputId, inputIndex, path, fetched, status } = render;
  return { ...renderKey(runId, index), type: 'render', runId, index, outputId, inputIndex, path, fetched, status };
}

export function renderFromItem(item: Item): Render {
  const base = {
    runId: String(item.runId),
    index: Number(item.index),
    outputId: String(item.outputId),
    inputIndex: Number(item.inputIndex),
    path: item.path as unknown as readonly string[],
    fetched: item.fetched === true,
    round: Number(item.round ?? 0),
  };
  switch (item.status) {
    case 'running': {
      const { worker, progress, touchedAt } = item;
      return {
        ...base,
        status: 'running',
        worker: String(worker),
        progress: Number(progress),
        touchedAt: String(touchedAt),
      };
    }
    case 'completed':
      return { ...base, status: 'completed', output: item.output as unknown as Output };
    case 'failed':
      return { ...base, status: 'failed', message: String(item.message) };
    default:
      return { ...base, status: item.status === 'cancelled' ? 'cancelled' : 'queued' };
  }
}

/** For a condition: the first round is not written. */
export const roundOf = ({ round }: Render): number | null => (round === 0 ? null : round);

/** The signed link has to be kept until the work is done; `expiresAt` is for a run that is never resumed, or never ends. */
export const sourceToItem = (runId: string, index: number, source: Source, expiresAt: number): Item => ({
  ...sourceKey(runId, index),
  type: 'source',
  expiresAt,
  source: source as unknown as Json,
});

export const sourceFromItem = (item: Item): Source => item.source as unknown as Source;

const textOf = (value: Json | undefined): string | undefined => (typeof value === 'string' ? value : undefined);
