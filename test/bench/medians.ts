/** Seconds that each contender takes: the median of rounds in which they take turns, so that noise falls on all alike. */
export async function medians<Name extends string>(
  contenders: Readonly<Record<Name, () => Promise<unknown>>>,
  rounds: number,
  onProgress: (done: number, of: number) => void,
): Promise<Record<Name, number>> {
  const names = Object.keys(contenders) as Name[];
  const times = new Map(names.map((name) => [name, [] as number[]]));
  for (let round = 0; round < rounds; round += 1)
    for (const [place, name] of names.entries()) {
      onProgress(round * names.length + place, rounds * names.length);
      const start = performance.now();
      await contenders[name]();
      times.get(name)?.push((performance.now() - start) / 1000);
    }
  onProgress(rounds * names.length, rounds * names.length);
  return Object.fromEntries(names.map((name) => [name, median(times.get(name) ?? [])])) as Record<Name, number>;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
