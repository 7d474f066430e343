/** Lets at most `most` calls run at once; the others wait in order. */
export function inTurns<Job, Result>(most: number, run: (job: Job) => Promise<Result>): (job: Job) => Promise<Result> {
  const waiting: (() => void)[] = [];
  let running = 0;
  return async (job) => {
    if (running >= most) await new Promise<void>((go) => waiting.push(go));
    else running += 1;
    try {
      return await run(job);
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
