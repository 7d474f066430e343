import { fork } from 'node:child_process';
import { once } from 'node:events';

export type ApiMessage =
  | { readonly kind: 'listening'; readonly url: string; readonly fileHost: string }
  | { readonly kind: 'started'; readonly at: number; readonly key: string; readonly agentRunId: string };

export type ApiOrder =
  /**
   * Whether runs end as soon as they have begun, which share of webhooks is never sent, and how many come before the
   * one that tells of the end: that it has begun, then how far it is.
   */
  | {
      readonly kind: 'behave';
      readonly finishes?: boolean;
      readonly drops?: number;
      readonly secret?: string;
      readonly reportsBefore?: number;
    }
  | { readonly kind: 'finish'; readonly agentRunId: string };

export type Started = Extract<ApiMessage, { kind: 'started' }>;

/** A bare HTTP server in a child process that accepts starts and says when they came. */
export async function openBareApi() {
  const child = fork(new URL('./bare-api-process.ts', import.meta.url));
  const listeners = new Set<(started: Started) => void>();
  child.on('message', (message: ApiMessage) => {
    if (message.kind === 'started') for (const listener of listeners) listener(message);
  });
  const [listening]: [Extract<ApiMessage, { kind: 'listening' }>] = (await once(child, 'message')) as never;
  return {
    url: listening.url,
    fileHost: listening.fileHost,
    order: (order: ApiOrder) => void child.send(order),
    onStarted: (listener: (started: Started) => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: async () => {
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
    },
  };
}

export type BareApi = Awaited<ReturnType<typeof openBareApi>>;
