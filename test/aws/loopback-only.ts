import { type ChildProcess, spawn, spawnSync } from 'node:child_process';

const asRoot = ['--net'];
const asUser = ['--user', '--map-root-user', '--net'];
const loopbackUp = 'ip link set lo up 2>/dev/null || ifconfig lo up';

/** This same program again, in a network namespace that has nothing but the loopback; undefined where not permitted. */
export function againWithLoopbackOnly(): ChildProcess | undefined {
  if (process.platform !== 'linux') return undefined;
  const options = [asRoot, asUser].find((one) => spawnSync('unshare', [...one, 'sh', '-c', loopbackUp]).status === 0);
  if (!options) return undefined;
  const self = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  return spawn('unshare', [...options, 'sh', '-c', `(${loopbackUp}) && exec "$@"`, 'sh', ...self], {
    stdio: 'inherit',
    env: { ...process.env, TESSERA_LOOPBACK_ONLY: '1' },
  });
}
