import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const script = resolve(import.meta.dirname, '../../.ci/commit-subjects.mjs');
const folder = mkdtempSync(join(tmpdir(), 'tessera-commits-'));
const origin = join(folder, 'origin');
const author = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', '-c', 'commit.gpgsign=false'];
const git = (cwd: string, ...words: string[]): string =>
  execFileSync('git', [...author, ...words], { cwd, encoding: 'utf8', stdio: 'pipe' }).trim();
const commit = (message: string): string => {
  git(origin, 'commit', '--quiet', '--allow-empty', '--message', message, '--cleanup=verbatim');
  return git(origin, 'rev-parse', 'HEAD');
};
const check = (cwd: string, after: string) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, after], { cwd, encoding: 'utf8' });
  return { status, printed: stdout + stderr };
};

let beforeTheRule: string;
beforeAll(() => {
  git(folder, 'init', '--quiet', '--initial-branch=main', origin);
  beforeTheRule = commit('was written before the rule.');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  'Stop late workers from restarting a finished copy',
  'Add a check of commit subjects\n\nNobody reads long ones.',
  'Process each message once',
  'Embed the pinned Node',
  'Fix the focus of a field',
  `Revert "${'x'.repeat(80)}"`,
])('the commit message "%s" is accepted', (message) => {
  const before = git(origin, 'rev-parse', 'HEAD');
  commit(message);
  expect(check(origin, before)).toMatchObject({ status: 0, printed: expect.stringContaining('1 commit messages') });
});

test.each([
  [`Add ${'x'.repeat(69)}`, 'has 73 characters; at most 72'],
  ['add a check', 'begins with a small letter'],
  ['Add a check.', 'ends with a full stop'],
  ['Added a check', 'begins with "Added"'],
  ['Adding a check', 'begins with "Adding"'],
  ['Adds a check', 'begins with "Adds"'],
  ['The check of subjects', 'begins with "The"'],
  ['fix(ci): check subjects', 'has a type prefix'],
  ['fixup! Add a check', 'is a fixup'],
  ['Add a check\nof subjects', 'has text in its second line'],
])('the commit message "%s" is refused because it %s', (message, reason) => {
  const before = git(origin, 'rev-parse', 'HEAD');
  commit(message);
  expect(check(origin, before)).toMatchObject({ status: 1, printed: expect.stringContaining(reason) });
});

test('commits before the rule are not checked', () => {
  const clone = join(folder, 'old');
  git(folder, 'clone', '--quiet', origin, clone);
  git(clone, 'reset', '--quiet', '--hard', beforeTheRule);
  expect(check(clone, beforeTheRule)).toMatchObject({ status: 0, printed: expect.stringContaining('0 commit') });
});

test('a shallow clone without the commit before the rule has all its commits checked', () => {
  commit('Added one more');
  const clone = join(folder, 'shallow');
  git(folder, 'clone', '--quiet', '--depth', '1', `file://${origin}`, clone);
  const { status, printed } = check(clone, beforeTheRule);
  expect([status, printed.match(/begins with/g)]).toEqual([1, ['begins with']]);
});

test('a history without the commit before the rule is skipped, with the reason', () => {
  const { status, printed } = check(origin, '0'.repeat(40));
  expect([status, printed]).toEqual([0, expect.stringContaining('is not in this history')]);
});

test('a folder without git is skipped, with the reason', () => {
  const { status, printed } = check(folder, beforeTheRule);
  expect([status, printed]).toEqual([0, expect.stringContaining('not a git clone')]);
});
