import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { readStage } from '../../infra/config.ts';
import { doors } from '../../infra/function-names.ts';
import { createStacks } from '../../infra/stacks.ts';

export type Properties = Record<string, unknown>;
export interface Resource {
  readonly Type: string;
  readonly Properties: Properties;
  readonly Metadata?: Record<string, unknown>;
  readonly DeletionPolicy?: string;
  readonly DependsOn?: readonly string[];
}

/** The context in cdk.json. */
export const context = JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8')).context;

const folder = newFolder();

/** Tiny bundles: the build has its own tests. */
export const assetsFolder = join(folder, 'functions');
for (const door of doors) {
  mkdirSync(join(assetsFolder, door, 'bin'), { recursive: true });
  writeFileSync(join(assetsFolder, door, 'index.mjs'), `export const handler = async () => '${door}';`);
}
writeFileSync(join(assetsFolder, 'engine-work/bin/ffmpeg'), 'ffmpeg');
writeFileSync(join(assetsFolder, 'engine-work/bin/ffprobe'), 'ffprobe');

export function newApp(own: Record<string, unknown> = context): App {
  // Otherwise each app prints its warnings; the tests look at the annotations themselves.
  const quiet = { ...own, '@aws-cdk/core:annotationsInValidationReport': false };
  return new App({ context: quiet, outdir: mkdtempSync(join(folder, 'cdk-')) });
}

export function addStage(app: App, own: Record<string, unknown> = {}, name = 'dev') {
  const stage = readStage({ ...context.tessera, stages: { [name]: own } }, name);
  return createStacks(app, stage, assetsFolder);
}

/** Settings of a stage that works in one existing bucket with a customer-managed key. */
export const borrowed = {
  uploadsBucket: 'footage',
  deliveriesBucket: 'footage',
  deliveriesPrefix: 'edited/',
  uploadsKeyArn: 'arn:aws:kms:us-east-1:123456789012:key/0aa5b3f4-4f0e-4a3c-9d3c-000000000000',
  deliveriesKeyArn: 'arn:aws:kms:us-east-1:123456789012:key/0aa5b3f4-4f0e-4a3c-9d3c-000000000000',
  rules: { rules: [{ prefix: 'raw/', agentId: 'agent-1' }] },
};

/** Both templates of a stage with these settings. */
export function synthesize(own: Record<string, unknown> = {}) {
  const { pipeline, engine } = addStage(newApp(), own);
  return {
    pipeline: Template.fromStack(pipeline).toJSON() as TemplateJson,
    engine: (engine ? Template.fromStack(engine).toJSON() : { Resources: {} }) as TemplateJson,
  };
}

/** The pipeline's template of a stage with this name. */
export const synthesizeAs = (name: string, own: Record<string, unknown> = {}): TemplateJson =>
  Template.fromStack(addStage(newApp(), own, name).pipeline).toJSON() as TemplateJson;

export interface TemplateJson {
  readonly Resources: Record<string, Resource>;
  readonly Outputs?: Record<string, { readonly Value?: unknown; readonly Description?: string }>;
}

export const ofType = (template: TemplateJson, type: string): [id: string, resource: Resource][] =>
  Object.entries(template.Resources).filter(([, { Type }]) => Type === type);

/** The only resource whose id begins with `idStart`. */
export function only(template: TemplateJson, type: string, idStart: string): Resource {
  const found = ofType(template, type).filter(([id]) => id.startsWith(idStart));
  const [first] = found;
  if (first === undefined || found.length > 1) throw new Error(`${found.length} ${type} begin with ${idStart}`);
  return first[1];
}

/** An intrinsic as a short text: ids lose their hash, so that tests can name resources. */
export function named(value: unknown): string {
  if (typeof value === 'string') return value;
  const [[kind, argument] = ['', '']] = Object.entries(value as Record<string, unknown>);
  if (kind === 'Ref') return withoutHash(String(argument));
  if (kind === 'Fn::GetAtt') return (argument as string[]).map(withoutHash).join('.');
  if (kind === 'Fn::ImportValue') return imported(String(argument));
  if (kind === 'Fn::Join') return (argument as [string, unknown[]])[1].map(named).join('');
  return JSON.stringify(value);
}

const withoutHash = (id: string): string => id.replace(/[0-9A-F]{8}$/, '');

/** `tessera-dev-engine:ExportsOutputFnGetAttDoorApiD32F8731ApiEndpoint01234567` is `engine DoorApi.ApiEndpoint`. */
const imported = (name: string): string =>
  name.replace(
    /^.*:ExportsOutput(?:Ref|FnGetAtt)(\w+?)[0-9A-F]{8}(\w*?)[0-9A-F]{8}$/,
    (_, id, attribute) => `engine ${id}${attribute === '' ? '' : `.${attribute}`}`,
  );

/**
 * A folder for this worker. Without isolation test files share it, so none of them can remove it (`afterAll`), and Vitest
 * ends workers without `exit` events: each run removes the folders of earlier ones.
 */
function newFolder(): string {
  const parent = join(tmpdir(), 'tessera-infra');
  mkdirSync(parent, { recursive: true });
  for (const name of readdirSync(parent)) {
    const path = join(parent, name);
    const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: Date.now() };
    if (mtimeMs < Date.now() - 3_600_000) rmSync(path, { recursive: true, force: true });
  }
  return mkdtempSync(join(parent, 'run-'));
}
