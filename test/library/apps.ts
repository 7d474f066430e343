import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

interface TemplateJson {
  readonly Resources: Readonly<
    Record<string, { readonly Type: string; readonly Properties?: Record<string, unknown> }>
  >;
}

export interface App {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  /** Throws if the synthesized stack is not the one that the app describes. */
  readonly check: (template: TemplateJson, assembly: string) => void;
}

const compiler = (module: string) =>
  JSON.stringify({ compilerOptions: { module, target: 'ES2022', strict: true, types: ['node'] }, files: ['app.ts'] });

/** A CommonJS app, like those of `cdk init`. It has its own engine, so FFmpeg must be in the engine's function. */
const ownEngine: App = {
  name: 'commonjs',
  files: {
    'package.json': JSON.stringify({ name: 'shop', private: true, type: 'commonjs' }),
    'tsconfig.json': compiler('NodeNext'),
    'app.ts': `import { App, Stack } from 'aws-cdk-lib';
import { VideoPipeline } from 'tessera-video';
const app = new App({ outdir: 'cdk.out' });
new VideoPipeline(new Stack(app, 'Shop'), 'Videos');
app.synth();
`,
  },
  check: (template, assembly) => {
    expectCount(template, 'AWS::S3::Bucket', 4);
    const hasFfmpeg = readdirSync(assembly).some((asset) => existsSync(join(assembly, asset, 'bin/ffmpeg')));
    if (!hasFfmpeg) throw new Error("None of the engine's functions has FFmpeg.");
  },
};

/** Existing buckets, the app's own event bus, hosted Mosaic. */
const existing: App = {
  name: 'esm',
  files: {
    'package.json': JSON.stringify({ name: 'shop', private: true, type: 'module' }),
    'tsconfig.json': compiler('NodeNext'),
    'app.ts': `import { App, Stack } from 'aws-cdk-lib';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { VideoPipeline } from 'tessera-video';
const app = new App({ outdir: 'cdk.out' });
const stack = new Stack(app, 'Shop');
const pipeline = new VideoPipeline(stack, 'Videos', {
  uploads: 'footage',
  deliveries: 'results',
  deliveriesPrefix: 'edited/',
  eventBus: new EventBus(stack, 'Bus'),
  mosaic: { apiKey: new Secret(stack, 'Key'), webhookSecret: new Secret(stack, 'Shared') },
  rules: { rules: [{ id: 'talks', prefix: 'talks/', agentId: 'agent-1' }] },
});
if (pipeline.uploads.bucketName !== 'footage') throw new Error('wrong uploads bucket');
app.synth();
`,
  },
  check: (template) => {
    // Only the bucket for reports that are too large for the table.
    expectCount(template, 'AWS::S3::Bucket', 1);
    expectCount(template, 'AWS::Events::EventBus', 1);
  },
};

export const apps: readonly App[] = [ownEngine, existing];

function expectCount({ Resources }: TemplateJson, type: string, count: number): void {
  const found = Object.values(Resources).filter(({ Type }) => Type === type).length;
  if (found !== count) throw new Error(`Found ${found} resources of type ${type} instead of ${count}.`);
}
