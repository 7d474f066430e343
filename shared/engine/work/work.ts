import { cleanWorkDirs } from '../media/files.ts';
import { sendWebhook } from '../runs/send-callback.ts';
import { parseTask } from '../runs/tasks.ts';
import { type DoRenderDeps, doRender } from './run-render-task.ts';

export type WorkDeps = DoRenderDeps;

export interface WorkMessage {
  readonly body: string;
  readonly receipt: string;
  readonly receiveCount: number;
}

/** Does one task of the queue. Throws when it should be delivered again, a PermanentError when that would not help. */
export async function work(deps: WorkDeps, message: WorkMessage): Promise<void> {
  const task = parseTask(message.body);
  return task.kind === 'render' ? doRender(deps, task, message) : sendWebhook(deps, task);
}

/** At start, before any task: removes the folders of tasks that a killed process left. Answers how many there were. */
export const cleanWork = (deps: Pick<WorkDeps, 'workFolder'>): Promise<number> => cleanWorkDirs(deps.workFolder);
