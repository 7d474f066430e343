import { CfnOutput, type Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Stage } from './config.ts';
import { StageSecret } from './constructs/stage-secret.ts';
import { EngineStack } from './engine-stack.ts';
import type { MosaicAccess } from './pipeline-props.ts';
import { PipelineStack } from './pipeline-stack.ts';

export interface Stacks {
  readonly pipeline: PipelineStack;
  /** Only where the engine is ours. */
  readonly engine?: EngineStack;
}

/** The stacks of one stage; their names begin with it, so that stages live side by side in one account. */
export function stacksOf(scope: Construct, stage: Stage, assetsFolder?: string): Stacks {
  const engine =
    stage.engine === 'self-hosted'
      ? new EngineStack(scope, `tessera-${stage.name}-engine`, { stage, assetsFolder })
      : undefined;
  const pipeline = new PipelineStack(scope, `tessera-${stage.name}-pipeline`, {
    stage,
    assetsFolder,
    mosaic: (stack) => engine?.engine ?? hostedMosaic(stack, stage),
  });
  return { pipeline, engine };
}

/** Random values until `npm run secrets -- <stage>` puts the account's own: nobody can guess them meanwhile. */
function hostedMosaic(stack: Stack, stage: Stage): MosaicAccess {
  const secretFor = (id: string, role: 'mosaic-api-key' | 'webhook-secret', what: string) =>
    new StageSecret(stack, id, {
      stage: stage.name,
      role,
      description: `Tessera ${stage.name}: ${what}; set it with: npm run secrets -- ${stage.name}`,
    }).secret;
  new CfnOutput(stack, 'NextStep', {
    value: `npm run secrets -- ${stage.name}`,
    description: "Sets the Mosaic account's API key and webhook secret; nothing can be edited before",
  });
  return {
    apiUrl: stage.mosaicApiUrl,
    apiKey: secretFor('MosaicApiKey', 'mosaic-api-key', "the Mosaic account's API key"),
    webhookSecret: secretFor('WebhookSecret', 'webhook-secret', "the Mosaic account's webhook secret"),
  };
}
