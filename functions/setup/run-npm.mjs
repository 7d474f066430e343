import { spawnSync } from 'node:child_process';

/** Runs npm with these words; the npm that called us, or the one on the PATH. Returns its exit code and output. */
export function runNpm(words, { node = process.execPath, ...options }) {
  const npm = process.env.npm_execpath;
  // npm_execpath names another program when pnpm or yarn called us.
  const isNpm = npm !== undefined && /npm-cli\.c?js$/.test(npm);
  const { status, error, stdout, stderr } = isNpm
    ? spawnSync(node, [npm, ...words], options)
    : spawnSync('npm', words, options);
  const output = [error?.message, stderr, stdout].filter(Boolean).join('\n').trim();
  return { code: status ?? 1, output };
}
