import { Annotations, Stack } from 'aws-cdk-lib';
import { EventBus } from 'aws-cdk-lib/aws-events';
import type { Construct } from 'constructs';
import { stageCommands } from './commands.ts';
import type { Stage } from './config.ts';
import type { MosaicAccess } from './pipeline-props.ts';
import type { VideoEngine } from './video-engine.ts';
import { VideoPipeline } from './video-pipeline.ts';

export interface PipelineStackProps {
  readonly stage: Stage;
  readonly assetsFolder?: string;
  readonly mosaic: (stack: Stack) => MosaicAccess | VideoEngine;
}

/** The pipeline of one stage. */
export class PipelineStack extends Stack {
  readonly pipeline: VideoPipeline;

  constructor(scope: Construct, id: string, { stage, assetsFolder, mosaic }: PipelineStackProps) {
    super(scope, id, { description: `Tessera ${stage.name}: from the uploads bucket to the deliveries bucket` });
    const { engine: _, mosaicApiUrl: __, uploadsBucket: uploads, deliveriesBucket: deliveries, ...rest } = stage;
    const { eventBus: busName, ...settings } = rest;
    const eventBus = busName === undefined ? undefined : EventBus.fromEventBusName(this, 'GivenBus', busName);
    // The id `Default` adds nothing to logical ids, so they are the ids of the first release.
    this.pipeline = new VideoPipeline(this, 'Default', {
      ...settings,
      uploads,
      deliveries,
      eventBus,
      mosaic: mosaic(this),
      assetsFolder,
      commands: stageCommands(stage.name),
    });
    if (uploads !== undefined) this.sayHowEventsAreSwitchedOn(uploads, stage.name);
  }

  private sayHowEventsAreSwitchedOn(uploads: string, stage: string): void {
    Annotations.of(this).addInfoV2(
      'tessera:stage-events',
      `\`npm run deploy\` switches on the EventBridge events of ${uploads}. After \`npx cdk deploy\`, do it once yourself: ` +
        `node functions/ready.mjs infra/switch-events-on.ts ${stage}`,
    );
  }
}
