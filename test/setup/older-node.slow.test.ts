import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { testFolder } from '../platform/open-world.ts';

const root = resolve(import.meta.dirname, '../..');
const builds: Record<string, { version: string; integrity: string }> = JSON.parse(
  readFileSync(join(root, 'functions/setup/node-builds.json'), 'utf8'),
);
const machine = `${process.platform}-${process.arch}`;
/** The oldest releases on which the first command has to work. */
const olderNodes = ['20.19.0', '22.12.0', '22.22.0'];

/** A program of npm's `node-…` package for this machine, kept for the next run of the tests. */
function olderNode(version: string): string {
  const folder = join(root, 'node_modules/.cache/older-nodes', version);
  const program = join(folder, 'package/bin/node');
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  execFileSync('npm', ['pack', `node-${machine}@${version}`, '--silent'], { cwd: folder });
  execFileSync('tar', ['-xzf', readdirSync(folder).find((file) => file.endsWith('.tgz')) ?? ''], { cwd: folder });
  return program;
}

/** A project of one program, with the setup of ours and Node 24 fetched already (or with a changed list of builds). */
function project(program: string, { fetched = true, changeBuilds = (text: string) => text } = {}): string {
  const folder = testFolder();
  cpSync(join(root, 'functions/ready.mjs'), join(folder, 'functions/ready.mjs'));
  cpSync(join(root, 'functions/setup'), join(folder, 'functions/setup'), { recursive: true });
  const list = join(folder, 'functions/setup/node-builds.json');
  writeFileSync(list, changeBuilds(readFileSync(list, 'utf8')));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'program.ts'), program);
  if (fetched) {
    const kept = join(folder, '.node', `${machine}-${builds[machine]?.version}`, 'bin');
    mkdirSync(kept, { recursive: true });
    symlinkSync(process.execPath, join(kept, 'node'));
  }
  return folder;
}

const ready = (folder: string) => join(folder, 'functions/ready.mjs');

describe.each(olderNodes)('Node %s', (version) => {
  const node = olderNode(version);

  test('a program runs on Node 24, with its words, its exit code, and no warning', () => {
    const folder = project(`const seven: number = 7;
      const { DatabaseSync } = await import('node:sqlite');
      new DatabaseSync(':memory:').close();
      console.log(JSON.stringify([process.versions.node.split('.')[0], process.argv.slice(2)]));
      process.exitCode = seven;`);
    const { status, stdout, stderr } = spawnSync(node, [ready(folder), 'program.ts', 'a b', '--c'], {
      encoding: 'utf8',
    });
    expect({ status, stderr, printed: JSON.parse(stdout) }).toEqual({
      status: 7,
      stderr: '',
      printed: [process.versions.node.split('.')[0], ['a b', '--c']],
    });
  });

  test('npx tessera passes its words on once', () => {
    const folder = project('');
    cpSync(join(root, 'functions/tessera.mjs'), join(folder, 'functions/tessera.mjs'));
    mkdirSync(join(folder, 'functions/tessera'));
    writeFileSync(
      join(folder, 'functions/tessera/main.ts'),
      `const words: string[] = process.argv.slice(2); console.log(JSON.stringify(words));`,
    );
    const printed = execFileSync(node, [join(folder, 'functions/tessera.mjs'), 'runs', '--json'], { encoding: 'utf8' });
    expect(JSON.parse(printed)).toEqual(['runs', '--json']);
  });

  test('programs started by name find Node 24', () => {
    const folder = project(`import { execFileSync } from 'node:child_process';
      process.stdout.write(execFileSync('node', ['--version']));`);
    const printed = execFileSync(node, [ready(folder), 'program.ts'], { encoding: 'utf8' });
    expect(printed.trim()).toBe(process.version);
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s reaches the program, which ends in order', async (signal) => {
    const folder = project(`process.once('${signal}', () => { console.log('ended in order'); process.exit(3); });
      setInterval(() => {}, 1000);
      console.log('ready');`);
    const child = spawn(node, [ready(folder), 'program.ts'], { stdio: ['ignore', 'pipe', 'inherit'] });
    let printed = '';
    child.stdout.on('data', (chunk) => {
      if (printed === '') child.kill(signal);
      printed += chunk;
    });
    const [code] = await once(child, 'close');
    expect({ code, printed }).toEqual({ code: 3, printed: 'ready\nended in order\n' });
  });

  test('a program ends when the process that started it is killed', async () => {
    const folder = project(`console.log(process.pid); setInterval(() => {}, 1000);`);
    const child = spawn(node, [ready(folder), 'program.ts'], { stdio: ['ignore', 'pipe', 'inherit'] });
    child.stdout.once('data', () => child.kill('SIGKILL'));
    // Its standard output closes only when no process has it open any more.
    const [, signal] = await once(child, 'close');
    expect(signal).toBe('SIGKILL');
  });
});

describe('The pinned Node 24', () => {
  const node = olderNode('20.19.0');

  test('a first start fetches it, says so once, and keeps it', () => {
    const folder = project(`console.log(process.version)`, { fetched: false });
    const start = () => spawnSync(node, [ready(folder), 'program.ts'], { encoding: 'utf8' });
    const [first, second] = [start(), start()];
    const version = `v${builds[machine]?.version}`;
    expect([first.stdout.trim(), second.stdout.trim()]).toEqual([version, version]);
    expect(first.stderr).toMatch(/^Tessera needs Node 24 or newer; this is 20\.19\.0\. Fetching Node 24[^\n]*\n$/);
    expect(second.stderr).toBe('');
    expect(readdirSync(join(folder, '.node'))).toEqual([`${machine}-${builds[machine]?.version}`]);
  });

  test('a package with another checksum is deleted and never runs', () => {
    const changeBuilds = (text: string) => text.replace(builds[machine]?.integrity ?? '', 'sha512-AAAA');
    const folder = project('', { fetched: false, changeBuilds });
    const { status, stderr } = spawnSync(node, [ready(folder), 'program.ts'], { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toContain('not sha512-AAAA. It was deleted.');
    expect(readdirSync(join(folder, '.node'))).toEqual([]);
  });

  test('a machine without a build is told how to install Node 24', () => {
    const folder = project('', { fetched: false, changeBuilds: () => '{}' });
    const { status, stderr } = spawnSync(node, [ready(folder), 'program.ts'], { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toMatch(/^Tessera needs Node 24 or newer; this is 20\.19\.0\. Install Node 24: /);
    expect(existsSync(join(folder, '.node'))).toBe(false);
  });

  test('a registry without the version is reported with the reason npm gives', () => {
    const changeBuilds = (text: string) => text.replaceAll(builds[machine]?.version ?? '', '24.999.0');
    const folder = project('', { fetched: false, changeBuilds });
    const { status, stderr } = spawnSync(node, [ready(folder), 'program.ts'], { encoding: 'utf8' });
    expect(status).toBe(1);
    expect(stderr).toMatch(/Node 24\.999\.0 could not be fetched: npm says[\s\S]*Install Node 24: /);
  });
});

test('the first releases of Node 24 print no ExperimentalWarning', () => {
  const folder = project(`const text: string = (await import('node:sqlite')).DatabaseSync.name; console.log(text);`);
  const { stdout, stderr } = spawnSync(olderNode('24.0.0'), [ready(folder), 'program.ts'], { encoding: 'utf8' });
  expect({ stdout, stderr }).toEqual({ stdout: 'DatabaseSync\n', stderr: '' });
});

test('a command of the dependencies runs with its words', () => {
  const printed = execFileSync(process.execPath, [join(root, 'functions/ready.mjs'), 'esbuild', '--version'], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` },
  });
  expect(printed.trim()).toMatch(/^\d+\.\d+\.\d+$/);
});
