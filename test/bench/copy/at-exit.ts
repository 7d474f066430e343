const acts = new Set<() => void>();

/** Does this also when the program is ended before its time; answers how to take that back. */
export function atExit(act: () => void): () => void {
  listen();
  acts.add(act);
  return () => void acts.delete(act);
}

let isListening = false;

function listen(): void {
  if (isListening) return;
  isListening = true;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));
  process.on('exit', () => {
    for (const act of acts) act();
  });
}
