/** Tells, within this process, that a queue may have a message to hand out. */
export interface WakeUps {
  readonly closed: boolean;
  wake(queue: string): void;
  /** Resolves at the queue's next wake-up, after `timeoutMs`, or when the platform closes. */
  next(queue: string, timeoutMs: number): Promise<void>;
  listen(listener: (queue: string) => void): () => void;
  close(): void;
}

export function openWakeUps(): WakeUps {
  const listeners = new Set<(queue: string) => void>();
  const waiting = new Set<() => void>();
  let closed = false;
  const listen = (listener: (queue: string) => void) => {
    listeners.add(listener);
    return () => void listeners.delete(listener);
  };
  return {
    get closed() {
      return closed;
    },
    wake: (queue) => {
      for (const listener of [...listeners]) listener(queue);
    },
    next: (queue, timeoutMs) =>
      new Promise((resolve) => {
        const finish = () => {
          clearTimeout(timer);
          stop();
          waiting.delete(finish);
          resolve();
        };
        const stop = listen((woken) => woken === queue && finish());
        const timer = setTimeout(finish, timeoutMs);
        waiting.add(finish);
      }),
    listen,
    close: () => {
      closed = true;
      for (const finish of [...waiting]) finish();
    },
  };
}
