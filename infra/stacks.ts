import { CfnOutput, type Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Stage } from './config.ts';
import { StageSecret } from './constructs/stage-secret.ts';
import { EngineStack } from './engine-stack.ts';
import type { MosaicAccess } from './pipeline-props.ts';
import { PipelineStack } from './pipeline-stack.ts';

export interface Stacks {
  readonly pipeline: PipelineStack;
  /** Undefined with hosted Mosaic. */
  readonly engine?: EngineStack;
}

/** The stacks of one stage. Their names include the stage, so that one account can hold several. */
export function createStacks(scope: Construct, stage: Stage, assetsFolder?: string): Stacks {
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

/** The secrets hold random values until `npm run secrets -- <stage>` sets those of the account, so nobody can guess them. */
function hostedMosaic(stack: Stack, stage: Stage): MosaicAccess {
  const newSecret = (id: string, role: 'mosaic-api-key' | 'webhook-secret', meaning: string) =>
    new StageSecret(stack, id, {
      stage: stage.name,
      role,
      description: `Tessera ${stage.name}: ${meaning}; set it with: npm run secrets -- ${stage.name}`,
    }).secret;
  new CfnOutput(stack, 'NextStep', {
    value: `npm run secrets -- ${stage.name}`,
    description: 'Sets the API key and webhook secret of the Mosaic account; no run can start before',
  });
  return {
    apiUrl: stage.mosaicApiUrl,
    apiKey: newSecret('MosaicApiKey', 'mosaic-api-key', "the Mosaic account's API key"),
    webhookSecret: newSecret('WebhookSecret', 'webhook-secret', "the Mosaic account's webhook secret"),
  };
}
