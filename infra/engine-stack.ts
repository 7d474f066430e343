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
    // The id `Default` adds nothing to logical ids, so they are the ids of the first release.
    this.engine = new VideoEngine(this, 'Default', {
      name: stage.name,
      trustedHosts: stage.trustedHosts,
      requestsPerSecond: stage.requestsPerSecond,
      logRetentionDays: stage.logRetentionDays,
      tracing: stage.tracing,
      alarmEmail: stage.alarmEmail,
      renderLimitSeconds: stage.renderLimitSeconds,
      renderMemoryMb: stage.renderMemoryMb,
      rendersAtOnce: stage.rendersAtOnce,
      assetsFolder,
    });
  }
}
