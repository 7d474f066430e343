import { readdir, readFile } from 'node:fs/promises';
import { basename, sep } from 'node:path';

/**
 * Ends the FFmpeg that goes on working in a task's folder after our process was killed: nothing can end with a process
 * that is killed outright. Only Linux shows who works on what; elsewhere it ends by itself when its file is done.
 */
export async function endOrphans(workDir: string): Promise<void> {
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name)).map(Number);
  for (const pid of pids) if (await worksIn(pid, workDir)) end(pid);
}

async function worksIn(pid: number, workDir: string): Promise<boolean> {
  const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
  return /^ff(mpeg|probe)/.test(basename(words[0] ?? '')) && words.some((word) => word.includes(workDir + sep));
}

function end(pid: number) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended in the meantime.
  }
}
