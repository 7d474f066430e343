import { readFileSync } from 'node:fs';

/** Watches a process and those that it started, as far as they live; answers the sum of each one's highest RSS, in bytes. */
export function peakMemory(pid: number): () => number {
  const peaks = new Map<number, number>();
  const look = () => {
    for (const each of withChildren(pid)) peaks.set(each, Math.max(peaks.get(each) ?? 0, highest(each)));
  };
  const timer = setInterval(look, 50);
  look();
  return () => {
    look();
    clearInterval(timer);
    return [...peaks.values()].reduce((sum, bytes) => sum + bytes, 0);
  };
}

function withChildren(pid: number): readonly number[] {
  const children = read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return [pid, ...children.flatMap(withChildren)];
}

/** The kernel keeps the highest value itself, so nothing is missed between two looks. */
const highest = (pid: number): number => Number(/VmHWM:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
