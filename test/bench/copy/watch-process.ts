import { readFileSync } from 'node:fs';

export interface Used {
  /** The sum of each process's highest resident memory. */
  readonly peakBytes: number;
  /** Of the processor, by all of them. */
  readonly cpuSeconds: number;
}

/** Watches a process and those that it started, as far as they live. */
export function watchProcess(pid: number): () => Used {
  const seen = new Map<number, Used>();
  const look = () => {
    for (const each of withChildren(pid)) seen.set(each, greater(seen.get(each), usedBy(each)));
  };
  const timer = setInterval(look, 50);
  look();
  return () => {
    look();
    clearInterval(timer);
    return [...seen.values()].reduce((sum, used) => ({
      peakBytes: sum.peakBytes + used.peakBytes,
      cpuSeconds: sum.cpuSeconds + used.cpuSeconds,
    }));
  };
}

function withChildren(pid: number): readonly number[] {
  const children = read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return [pid, ...children.flatMap(withChildren)];
}

/** The kernel keeps the highest value itself, so nothing is missed between two looks. */
const usedBy = (pid: number): Used => ({
  peakBytes: Number(/VmHWM:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024,
  cpuSeconds: ticksOf(read(`/proc/${pid}/stat`)) / ticksPerSecond,
});

/** Every Linux that Node runs on has it so. */
const ticksPerSecond = 100;

/** In its own code and in the kernel; the name before may hold spaces. */
function ticksOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
}

const greater = (a: Used = { peakBytes: 0, cpuSeconds: 0 }, b: Used): Used => ({
  peakBytes: Math.max(a.peakBytes, b.peakBytes),
  cpuSeconds: Math.max(a.cpuSeconds, b.cpuSeconds),
});

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
