import { appendFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve, sep } from 'node:path';
import { cruise, type IConfiguration, type ICruiseResult } from 'dependency-cruiser';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const folders = ['infra', 'functions', 'shared', 'test'];

/** Plain JavaScript, because dependency-cruiser reads no TypeScript configuration. */
const { default: config, places }: { default: IConfiguration; places: readonly string[] } = await import(
  join(root, '.dependency-cruiser.mjs')
);

describe('layers', () => {
  test('no import of the project breaks a rule of .dependency-cruiser.mjs', async () => {
    const { modules, summary } = await check(root, folders);
    expect(modules.length).toBeGreaterThan(500);
    expect(summary.violations.map(inWords)).toEqual([]);
  });

  test('every file of shared/ has a place in the order of folders', () => {
    const known = places.map((place) => new RegExp(`^${place}`));
    const files = sourceFiles().filter((file) => file.startsWith('shared/'));
    expect(files.filter((file) => !known.some((place) => place.test(file)))).toEqual([]);
  });

  test('no type is imported inline, where the layer check cannot see it', () => {
    const inline = /\bimport\(\s*'\.[^']+'\s*\)\s*(?:\.[A-Z]|>)/;
    expect(sourceFiles().filter((file) => inline.test(read(file)))).toEqual([]);
  });

  test('the domain does not read environment variables', () => {
    const domain = sourceFiles().filter((file) => /^shared\/(runs|engine|inspect|transfer|mosaic)\//.test(file));
    expect(domain.length).toBeGreaterThan(200);
    expect(domain.filter((file) => /\bprocess\W+env\b/.test(read(file)))).toEqual([]);
  });
});

/** Lines added to files of a copy of `shared/`, and the rule that each breaks. */
const planted = [
  {
    name: 'a cycle',
    lines: {
      'shared/runs/rules/closest-name.ts': "import './template.ts';",
      'shared/runs/rules/template.ts': "import './closest-name.ts';",
    },
    rule: 'no-cycle',
  },
  {
    name: 'a cycle of type-only imports',
    lines: {
      'shared/runs/run/ids.ts': "import type { B } from './redact.ts';\nexport type A = B;",
      'shared/runs/run/redact.ts': "import type { A } from './ids.ts';\nexport type B = A;",
    },
    rule: 'no-cycle',
  },
  {
    name: 'an import of a later folder',
    lines: { 'shared/runs/create/next-attempt.ts': "import '../start/sign-inputs.ts';" },
    rule: 'only-earlier-folders-in shared/runs/create/',
  },
  {
    name: 'a type-only import of a later folder',
    lines: { 'shared/runs/capacity/pause.ts': "export type { InputDeps } from '../start/sign-inputs.ts';" },
    rule: 'only-earlier-folders-in shared/runs/capacity/',
  },
  {
    name: 'an import of a folder at the same level',
    lines: { 'shared/runs/ingest/group.ts': "import '../start/sign-inputs.ts';" },
    rule: 'only-earlier-folders-in shared/runs/ingest/',
  },
  {
    name: 'an AWS SDK in the domain',
    lines: { 'shared/runs/settle/failure-class.ts': "import '@aws-sdk/client-s3';" },
    rule: 'only-listed-packages-in shared/',
  },
  {
    name: 'an adapter in the domain',
    lines: { 'shared/runs/settle/read-report.ts': "import '../../platform/aws/index.ts';" },
    rule: 'no-adapter-in-the-domain',
  },
  {
    name: 'a part of the adapters in the domain',
    lines: { 'shared/runs/settle/out-of-credits.ts': "import '../../platform/checksums.ts';" },
    rule: 'only-ports-in-the-domain',
  },
  {
    name: 'files read by the domain',
    lines: { 'shared/runs/deliver/manifest.ts': "import 'node:fs';" },
    rule: 'only-media-reads-files',
  },
  {
    name: 'a process started outside media',
    lines: { 'shared/engine/work/edit.ts': "import 'node:child_process';" },
    rule: 'only-media-starts-processes',
  },
  {
    name: 'an import of the engine in the pipeline',
    lines: { 'shared/runs/notify/sign.ts': "import '../../engine/ids.ts';" },
    rule: 'pipeline-knows-no-engine',
  },
];

describe('the layer check', () => {
  const copy = mkdtempSync(join(tmpdir(), 'tessera-layers-'));
  let broken: readonly { readonly rule: string; readonly file: string }[];

  beforeAll(async () => {
    cpSync(join(root, 'shared'), join(copy, 'shared'), { recursive: true });
    for (const { lines } of planted)
      for (const [file, line] of Object.entries(lines)) appendFileSync(join(copy, file), `\n${line}\n`);
    const { summary } = await check(copy, ['shared']);
    broken = summary.violations.map(({ rule, from }) => ({ rule: rule.name, file: from }));
  });

  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  test.each(planted)('fails on $name', ({ lines, rule }) => {
    expect(broken.filter(({ file }) => file in lines)).toContainEqual({ rule, file: expect.any(String) });
  });
});

async function check(baseDir: string, from: readonly string[]): Promise<ICruiseResult> {
  const ruleSet = { forbidden: config.forbidden };
  const { output } = await cruise([...from], { ...config.options, baseDir, validate: true, ruleSet });
  if (typeof output === 'string') throw new Error(output);
  return output;
}

const inWords = ({ rule, from, to }: ICruiseResult['summary']['violations'][number]): string =>
  `${rule.name}: ${from} → ${to}`;

const sourceFiles = (): readonly string[] =>
  folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .map((file) => `${folder}/${file.split(sep).join('/')}`)
      .filter((file) => file.endsWith('.ts')),
  );

const read = (file: string): string => readFileSync(join(root, file), 'utf8');
