// Checks the commit messages since the rule began: node .ci/commit-subjects.mjs [COMMIT]
// Plain JavaScript without dependencies, so that it runs on a bare clone.
import { spawnSync } from 'node:child_process';

/** The last commit before the rule. Older subjects stay as they are. */
const lastFree = process.argv[2] ?? 'd8e0c26a2028bbd5cdef0f42760a43df288f5439';
const maxLength = 72;

const range = rangeToCheck();
if (typeof range === 'object') {
  console.log(`Commit subjects not checked: ${range.skip}.`);
  process.exit(0);
}
const commits = readCommits(range);
const wrong = commits.map((commit) => ({ commit, faults: faultsIn(commit) })).filter(({ faults }) => faults.length > 0);
for (const { commit, faults } of wrong) {
  console.error(`${commit.hash.slice(0, 9)}  ${commit.subject}`);
  for (const fault of faults) console.error(`           ${fault}`);
}
if (wrong.length > 0) {
  console.error(
    '\nReword them: git commit --amend for the last one, git rebase -i for older ones. See CONTRIBUTING.md, "Commits".',
  );
  process.exit(1);
}
console.log(`${commits.length} commit messages are in order.`);

function rangeToCheck() {
  if (git('rev-parse', '--is-inside-work-tree') === undefined) return { skip: 'this is not a git clone' };
  if (git('rev-parse', '--verify', '--quiet', 'HEAD') === undefined) return { skip: 'there is no commit yet' };
  // Not only whether the commit is known: a fetched one may belong to another branch.
  if (git('merge-base', '--is-ancestor', lastFree, 'HEAD') !== undefined) return `${lastFree}..HEAD`;
  // A shallow clone ends before that commit, so all that it has is newer.
  if (git('rev-parse', '--is-shallow-repository') === 'true') return 'HEAD';
  return { skip: `commit ${lastFree.slice(0, 9)}, after which the rule holds, is not in this history` };
}

function readCommits(revisions) {
  const printed = git('log', '--no-merges', '--format=%H%x00%B%x01', revisions) ?? '';
  return printed
    .split('\x01')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map((entry) => {
      const [hash, message] = entry.split('\0');
      const [subject, second = ''] = message.split('\n');
      return { hash, subject, second };
    });
}

function faultsIn({ subject, second }) {
  // git writes these itself.
  if (/^(Revert|Reapply) "/.test(subject)) return [];
  const [first] = subject.split(' ');
  const length = [...subject].length;
  return [
    length > maxLength && `has ${length} characters; at most ${maxLength}. Move the reason to the body.`,
    /^(fixup|squash|amend)! /.test(subject) && 'is a fixup: squash it into its commit.',
    /^[a-z]+(\([^)]*\))?!?: /.test(subject) && 'has a type prefix: begin with the verb.',
    /^\p{Ll}/u.test(subject) && 'begins with a small letter.',
    /[.…]$/.test(subject) && 'ends with a full stop.',
    !isImperative(first) && `begins with "${first}": use the imperative, such as "Add" or "Stop".`,
    second !== '' && 'has text in its second line: leave it blank.',
  ].filter(Boolean);
}

/** A guess by the ending: it catches "Added", "Adding", "Adds" and "The", not every noun. */
function isImperative(word) {
  const name = word.toLowerCase();
  if (/^(a|an|the|this|these|no|new|more|some|all|it|we|i|now|also)$/.test(name)) return false;
  if (/^(embed|feed|need|seed|shed|speed|spread|bring|ping|ring|string|swing)$/.test(name)) return true;
  if (/(ed|ing)$/.test(name)) return false;
  return !/[^sui]s$/.test(name) || /^(alias|bias|canvas|redress)$/.test(name);
}

/** What git prints, or undefined where it fails or is missing. */
function git(...words) {
  const { status, stdout } = spawnSync('git', words, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  return status === 0 ? stdout.trim() : undefined;
}
