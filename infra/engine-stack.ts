import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { Stage } from './config.ts';
import { VideoEngine } from './video-engine.ts';

export interface EngineStackProps {
  readonly stage: Stage;
  readonly assetsFolder?: string;
}

/** Our own engine for one stage. */
export class EngineStack extends Stack {
  readonly engine: VideoEngine;

  constructor(scope: Construct, id: string, { stage, assetsFolder }: EngineStackProps) {
    super(scope, id, { description: `Tessera ${stage.name}: the self-hosted engine` });
    const { name, trustedHosts, requestsPerSecond, logRetentionDays, tracing, alarmEmail } = stage;
    const { renderLimitSeconds, renderMemoryMb, rendersAtOnce } = stage;
    // `Default` is no part of the ids in the template, so they are what they were before there was a construct.
    this.engine = new VideoEngine(this, 'Default', {
      ...{ name, trustedHosts, requestsPerSecond, logRetentionDays, tracing, alarmEmail, assetsFolder },
      ...{ renderLimitSeconds, renderMemoryMb, rendersAtOnce },
    });
  }
}
