import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readyAgents } from '../../shared/engine/agents/ready-agents.ts';
import { openLocal } from '../../shared/platform/local/index.ts';
import { newRunWrites } from '../../shared/runs/run/run-items.ts';
import { claimedRun } from '../runs/run/example-run.ts';
import { makeClip } from '../support/clips.ts';
import { runProgram } from '../support/program.ts';
import { jsonOf, runCommand, typed } from './run-command.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tessera-command-'));
  openLocal({ folder: join(folder, '.tessera') }).close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const tessera = (...words: string[]) => typed(words, folder);
const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
const rules = (prefix: string) =>
  JSON.stringify({ rules: [{ id: 'shorts', prefix, agentId: readyAgents[0]?.id }] }, null, 2);

describe('the command, with nothing running beside it', () => {
  test('says what to do where no Tessera was ever started', async () => {
    const { code, err, out } = await tessera('runs', '--data', 'elsewhere');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('There is no Tessera in elsewhere');
    expect(err).toContain('npm start');
  });

  test('typed one folder too deep, names the Tessera above', async () => {
    const deeper = join(folder, 'deeper', 'still');
    mkdirSync(deeper, { recursive: true });
    const { code, err } = await typed(['runs'], deeper);
    expect(code).toBe(1);
    expect(err).toContain(`There is no Tessera in .tessera, but there is one in ${join(folder, '.tessera')}`);
  });

  test('says its version', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(await tessera('--version')).toEqual({ code: 0, out: `${version}\n`, err: '' });
  });

  test('paints nothing where its output goes to no terminal, not even on a CI server', async () => {
    const environment = { CI: 'true', FORCE_COLOR: '1', NO_COLOR: '' };
    const explained = await runCommand(['rules', 'explain', 'in/a.mp4'], folder, environment);
    expect(explained.out).toContain('in/a.mp4');
    expect(explained.out + explained.err).not.toContain('\u001b');
  });

  test('ends with 0 for help, which names the exit codes, and with 2 for what it does not understand', async () => {
    const help = await runCommand(['--help'], folder);
    expect(help).toMatchObject({ code: 0, err: '' });
    expect(help.out.split('\n').every((line) => line.length <= 80)).toBe(true);
    expect(await runCommand(['rusn'], folder)).toMatchObject({ code: 2, out: '' });
    expect(await runCommand(['runs', '--data', 'elsewhere'], folder)).toMatchObject({ code: 1, out: '' });
    expect(help.out.replaceAll('\n', ' ')).toContain('Exit codes: 0 done; 1 refused or failed');
    const misunderstood = [
      { words: ['rusn'], says: "unknown command 'rusn'" },
      { words: ['cancel'], says: "missing required argument 'run'" },
      { words: ['runs', '--since', 'soon'], says: 'Such as 2026-05-01' },
      { words: ['rules', 'rollback', 'x'], says: 'A whole number is needed' },
      { words: ['runs', '--limit', '0'], says: 'A whole number from 1 is needed' },
    ];
    for (const [index, { code, err }] of (
      await Promise.all(misunderstood.map(({ words }) => tessera(...words)))
    ).entries()) {
      expect(code).toBe(2);
      expect(err).toContain(misunderstood[index]?.says);
    }
  });

  test('a broken rules file is refused with every fault at its line, and nothing changes', async () => {
    write('broken.json', `{\n  "rules": [\n    { "prefix": "in/", "agentId": "nobody-here" }\n  ]\n}\n`);
    write('comma.json', `{ "rules": [],\n}\n`);
    const agent = await tessera('rules', 'apply', 'broken.json');
    expect(agent.code).toBe(1);
    expect(agent.err).toMatch(/^broken\.json:3:\d+ {2}.*nobody-here/m);
    expect(agent.err).toContain('nothing was changed');
    const comma = await tessera('rules', 'check', 'comma.json');
    expect(comma.code).toBe(1);
    expect(comma.err).toMatch(/^comma\.json:2:1 {2}/m);
    expect((await tessera('rules', 'apply', 'gone.json')).err).toContain(
      'gone.json cannot be read: there is no such file',
    );
    expect(await jsonOf(['rules', 'history'], folder)).toMatchObject([{ version: 0, isInForce: true }]);
  });

  test('rules are applied, shown as they were written, listed, and rolled back by one command', async () => {
    write('one.json', rules('one/'));
    write('two.json', rules('two/'));
    expect((await tessera('rules', 'apply', 'one.json', '--dry-run')).out).toContain('nothing was changed');
    expect((await tessera('rules', 'apply', 'one.json')).out).toContain('Version 1 holds now');
    expect((await tessera('rules', 'apply', 'one.json')).out).toContain('hold already');
    expect((await tessera('rules', 'apply', 'two.json')).out).toContain('Version 2 holds now');
    expect((await tessera('rules', 'rollback', '1')).out).toContain('Version 3 holds now');
    expect((await tessera('rules', 'show')).out).toBe(`${readFileSync(join(folder, 'one.json'), 'utf8')}\n`);
    expect(await jsonOf(['rules', 'history'], folder)).toMatchObject([
      { version: 3, isInForce: true },
      { version: 2, isInForce: false },
      { version: 1, isInForce: false },
      { version: 0, isInForce: false },
    ]);
    const missing = await tessera('rules', 'rollback', '9');
    expect(missing.code).toBe(1);
    expect(missing.err).toContain('no version 9');
    const explained = await tessera('rules', 'explain', 'one/a.mp4');
    expect(explained.code).toBe(0);
    expect(explained.out).toContain('shorts');
  });

  test('a change says that nothing is there to work on it, and is kept for the next start', async () => {
    expect((await tessera('pause', '--reason', 'the disk is being moved')).out).toContain('Paused');
    const { out, err } = await tessera('resume');
    expect(out).toContain('Resumed');
    expect(err).toContain('Nothing runs in .tessera just now: the work goes on at the next npm start.');
    const stranger = await tessera('pause', '--rule', 'nobody');
    expect(stranger.code).toBe(1);
    expect(stranger.err).toContain('There are: shorts');
  });

  test('a run that is not there is said to be so, also when its id begins like an option', async () => {
    const id = `-${'a'.repeat(23)}`;
    const answers = await Promise.all(['show', 'cancel', 'retry', 'resume'].map((command) => tessera(command, id)));
    for (const { code, err } of answers) {
      expect(code).toBe(1);
      expect(err).toContain(`no run ${id}`);
    }
  });

  test('a back-fill that was stopped goes on where it was, and says when there is nothing left', async () => {
    const platform = openLocal({ folder: join(folder, '.tessera'), own: false });
    for (const name of ['a', 'b', 'c']) await platform.bucket('uploads').put(`old/${name}.mp4`, name);
    platform.close();
    const part = await tessera('backfill', 'old/', '--limit', '2');
    expect(part).toMatchObject({ code: 0 });
    expect(part.out).toMatch(/2 objects handed over.*There is more.*tessera backfill "old\/"/);
    expect(await jsonOf(['backfill', 'old/'], folder)).toEqual({ prefix: 'old/', sent: 1, done: true });
    expect((await tessera('backfill', 'old/')).out).toContain('--again');
    expect(await jsonOf(['backfill', 'old/', '--again'], folder)).toMatchObject({ sent: 3 });
  });

  test('a key from anywhere cannot command the terminal', async () => {
    const platform = openLocal({ folder: join(folder, '.tessera'), own: false });
    const run = {
      ...claimedRun(),
      createdAt: new Date().toISOString(),
      upload: { bucket: 'uploads', key: 'one/\u001b[31mred\nline\u202egnp.mp4' },
    };
    await platform.table('runs').write(...newRunWrites(run));
    platform.close();
    for (const words of [['runs'], ['show', run.id]]) {
      const { code, out } = await tessera(...words);
      expect(code).toBe(0);
      expect(out).toContain('one/?[31mred?line?gnp.mp4');
    }
    expect(await jsonOf(['show', run.id], folder)).toMatchObject({ run: { upload: run.upload } });
  });

  test('npm start -- FILE says so when the rules that were applied know nothing of its agent', async () => {
    write('one.json', rules('one/'));
    await tessera('rules', 'apply', 'one.json');
    const clip = await makeClip(join(folder, 'a.mp4'));
    const { code, printed } = await runProgram([clip, '--port', '0'], folder);
    expect(code).toBe(1);
    expect(printed).toContain('The rules that were applied to .tessera take no tighten/a.mp4.');
    expect(printed).toContain('tessera rules apply');
  });
});
