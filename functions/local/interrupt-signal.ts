/** 128 + SIGINT, as shells count. */
export const interruptedCode = 130;

/** npm hands on the Ctrl-C that the terminal has sent us already; a person takes longer for a second one. */
const echoMs = 500;

/** Aborted by Ctrl-C, a stop, or a terminal that closes (SIGHUP). A second one does not wait for the end of what goes on. */
export function interruption(): { readonly signal: AbortSignal; forget(): void } {
  const controller = new AbortController();
  let firstMs: number | undefined;
  const stop = () => {
    firstMs ??= performance.now();
    if (performance.now() - firstMs > echoMs) process.exit(interruptedCode);
    controller.abort();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, stop);
  return {
    signal: controller.signal,
    forget: () => {
      for (const signal of signals) process.off(signal, stop);
    },
  };
}
