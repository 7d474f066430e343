import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '..');

/** What a room may import: the first line whose `from` matches decides. Paths are from the root. */
const arrows: readonly { from: RegExp; may: readonly RegExp[]; mayNot?: readonly RegExp[] }[] = [
  // Beside the stacks, the bundler and what gives a stage its secrets; nothing of the programs themselves.
  { from: /^infra\/function-assets\.ts$/, may: [/^node:/, /^esbuild$/, /^infra\//] },
  { from: /^infra\/set-secrets\.ts$/, may: [/^node:/, /^@aws-sdk\/client-secrets-manager$/, /^infra\//] },
  { from: /^infra\/switch-events-on\.ts$/, may: [/^node:/, /^@aws-sdk\/client-s3$/, /^infra\//] },
  // A stage's rules are read as the functions will read them; that reader is pure.
  {
    from: /^infra\/stage-(rules|buckets)\.ts$/,
    may: [/^infra\//, /^shared\/runs\/rules\/(parse-rules|check-places|document|fault)\.ts$/],
  },
  { from: /^infra\//, may: [/^node:/, /^aws-cdk-lib/, /^constructs$/, /^zod$/, /^infra\//] },
  { from: /^functions\/(local|aws|tessera|colors)\b/, may: [/.*/], mayNot: [/^infra\//, /^test\//] },
  {
    from: /^functions\//,
    may: [/^node:/, /^aws-lambda$/, /^hono/, /^shared\//, /^functions\/handle-batch\.ts$/],
    mayNot: [/^shared\/platform\/(aws|local)\//],
  },
  // What looks into a video, and what finds the line of a fault; each in the one file that needs it.
  {
    from: /^shared\/(inspect\/measure-media|runs\/rules\/text-places)\.ts$/,
    may: [
      /^mediabunny$/,
      /^jsonc-parser$/,
      /^shared\/platform\/ports\.ts$/,
      /^shared\/errors\.ts$/,
      /^shared\/(runs|inspect)\//,
    ],
  },
  // Only who checks a document as it was written needs to know where in the text something stands.
  { from: /^shared\/runs\/rules\/text-places\.ts$/, may: [/^jsonc-parser$/, /^shared\/runs\/rules\//] },
  // A receiver verifies with a library of this scheme, so we sign with one.
  {
    from: /^shared\/runs\/notify\/sign\.ts$/,
    may: [/^standardwebhooks$/, /^shared\/errors\.ts$/],
  },
  {
    from: /^shared\/(runs|engine|inspect|transfer)\//,
    may: [
      /^node:/,
      /^zod$/,
      /^hono/,
      /^shared\/mosaic\//,
      /^shared\/platform\/(ports|links|events|crc32c|query-all|read-text|object-version)\.ts$/,
      /^shared\/(errors|log|metrics|retry)\.ts$/,
      /^shared\/(runs|engine|inspect|transfer)\//,
    ],
  },
  { from: /^shared\/mosaic\//, may: [/^node:/, /^zod$/, /^shared\/mosaic\//, /^shared\/(errors|log|retry)\.ts$/] },
  {
    from: /^shared\/platform\/local\//,
    may: [/^node:/, /^shared\//],
    mayNot: [/^shared\/(runs|engine|mosaic)\//, /^shared\/platform\/aws\//],
  },
  // What Lambda knows of an invocation, and how CloudWatch wants it told.
  {
    from: /^shared\/platform\/aws\/telemetry\.ts$/,
    may: [
      /^@aws-lambda-powertools\/(logger|metrics)$/,
      /^aws-lambda$/,
      /^shared\/(log|metrics)\.ts$/,
      /^shared\/platform\/aws\//,
    ],
  },
  { from: /^shared\/platform\/crc32c\.ts$/, may: [/^hash-wasm$/] },
  {
    from: /^shared\/platform\/aws\//,
    may: [/^node:/, /^@aws-sdk\//, /^@smithy\//, /^shared\//],
    mayNot: [/^shared\/(runs|engine|mosaic)\//, /^shared\/platform\/local\//],
  },
  {
    from: /^shared\//,
    may: [/^node:/, /^zod$/, /^shared\/(errors|log|settings)\.ts$/, /^shared\/platform\/[\w-]+\.ts$/],
  },
  { from: /^test\//, may: [/.*/] },
];

const files = ['infra', 'functions', 'shared', 'test'].flatMap((room) => sources(room));

describe('who may import whom', () => {
  test('every source file belongs to a room of the map', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(files.filter((file) => !arrows.some(({ from }) => from.test(file)))).toEqual([]);
  });

  test('each import follows an arrow', () => {
    const wrong = files.flatMap((file) =>
      importsOf(file)
        .filter((target) => !mayImport(file, target))
        .map((target) => `${file} → ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test('the pipeline and the engine know nothing of each other', () => {
    const wrong = files.flatMap((file) =>
      importsOf(file).filter(
        (target) =>
          (/^shared\/runs\//.test(file) && /^shared\/engine\//.test(target)) ||
          (/^shared\/engine\//.test(file) && /^shared\/runs\//.test(target)),
      ),
    );
    expect(wrong).toEqual([]);
  });

  test('the domain reads no environment and, but for media, no files', () => {
    const domain = files.filter((file) => /^shared\/(runs|engine)\//.test(file));
    const environment = domain.filter((file) => /\bprocess\W+env\b/.test(read(file)));
    const fileSystem = domain.filter(
      (file) =>
        !/^shared\/engine\/media\//.test(file) &&
        importsOf(file).some((target) => /^node:(fs|child_process)/.test(target)),
    );
    expect({ environment, fileSystem }).toEqual({ environment: [], fileSystem: [] });
  });

  test('only the media room starts processes', () => {
    const starters = files.filter(
      (file) => /^(shared|functions)\//.test(file) && importsOf(file).includes('node:child_process'),
    );
    expect(starters.filter((file) => !/^shared\/engine\/media\//.test(file))).toEqual([]);
  });
});

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((file) => `${folder}/${file.split(sep).join('/')}`)
    .filter((file) => file.endsWith('.ts'));
}

const read = (file: string): string => readFileSync(join(root, file), 'utf8');

function importsOf(file: string): string[] {
  const specifiers = read(file).matchAll(
    /(?:^|\n)\s*(?:import|export)\b[^'"`;]*?from\s*'([^']+)'|import\(\s*'([^']+)'\s*\)|(?:^|\n)import\s+'([^']+)'/g,
  );
  return [...specifiers].map(([, a, b, c]) => {
    const target = a ?? b ?? c ?? '';
    return target.startsWith('.')
      ? relative(root, join(root, dirname(file), target))
          .split(sep)
          .join('/')
      : target;
  });
}

function mayImport(file: string, target: string): boolean {
  const arrow = arrows.find(({ from }) => from.test(file));
  if (!arrow) return false;
  return arrow.may.some((pattern) => pattern.test(target)) && !arrow.mayNot?.some((pattern) => pattern.test(target));
}
