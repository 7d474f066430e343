import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { App } from 'aws-cdk-lib';
import { readStage } from '../../../infra/config.ts';
import { createStacks } from '../../../infra/stacks.ts';

export type Properties = Readonly<Record<string, unknown>>;

export interface Resource {
  readonly Type: string;
  readonly Properties?: Properties;
  readonly Metadata?: Properties;
}

/** One synthesized stack, as CloudFormation and the CDK's publisher of assets would read it. */
export interface StackTemplate {
  readonly stack: string;
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs?: Readonly<
    Record<string, { readonly Value: unknown; readonly Export?: { readonly Name: unknown } }>
  >;
  /** Key in the CDK's bucket → the folder that would be there as a zip. */
  readonly assets: ReadonlyMap<string, string>;
}

const root = resolve(import.meta.dirname, '../../..');

/** The stacks of a stage with these settings of its own, on top of cdk.json's defaults; engine first, as it is deployed. */
export function synthesizeStage(own: Record<string, unknown>): readonly StackTemplate[] {
  const { context } = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8'));
  const outdir = mkdtempSync(join(tmpdir(), 'tessera-cdk-'));
  try {
    // The bundles are run from where the build put them, not from a copy.
    const app = new App({ context: { ...context, 'aws:cdk:disable-asset-staging': true }, outdir });
    createStacks(app, readStage({ ...context.tessera, stages: { journey: own } }, 'journey'));
    return app.synth().stacks.map(({ stackName, template }) => ({
      stack: stackName,
      ...template,
      assets: assetsOf(join(outdir, `${stackName}.assets.json`)),
    }));
  } finally {
    rmSync(outdir, { recursive: true });
  }
}

export const ofType = (template: StackTemplate, type: string): [id: string, properties: Properties][] =>
  Object.entries(template.Resources)
    .filter(([, { Type }]) => Type === type)
    .map(([id, { Properties = {} }]) => [id, Properties]);

interface AssetManifest {
  readonly files: Readonly<
    Record<string, { source: { path: string }; destinations: Record<string, { objectKey: string }> }>
  >;
}

function assetsOf(manifestPath: string): ReadonlyMap<string, string> {
  const { files }: AssetManifest = JSON.parse(readFileSync(manifestPath, 'utf8'));
  return new Map(
    Object.values(files).flatMap(({ source, destinations }) =>
      Object.values(destinations).map(({ objectKey }) => [objectKey, source.path] as const),
    ),
  );
}
