import { spawn } from 'node:child_process';
import { delimiter, dirname } from 'node:path';

/**
 * Goes on as another program on this Node: with its signals, its terminal and its exit code. `words` are the program's
 * file and arguments. Never returns.
 */
export function becomeProgram(node, words) {
  // Programs that this one starts by name (`node`, `npx`) are to find that Node too.
  process.env.PATH = `${dirname(node)}${delimiter}${process.env.PATH ?? ''}`;
  // From Node 22.15 the process itself can become the other program.
  if (process.execve && process.platform !== 'win32') process.execve(node, [node, ...words], process.env);
  process.env.TESSERA_LAUNCHER = String(process.pid);
  // The channel tells the child when this process is killed, so that it does not go on alone.
  const child = spawn(node, words, { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
  // A terminal sends Ctrl-C and its own end to both processes.
  for (const signal of ['SIGINT', 'SIGHUP']) process.on(signal, () => process.stdin.isTTY || child.kill(signal));
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('error', (error) => {
    console.error(error.message);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    for (const each of ['SIGINT', 'SIGHUP', 'SIGTERM']) process.removeAllListeners(each);
    process.kill(process.pid, signal);
  });
  return new Promise(() => {});
}
