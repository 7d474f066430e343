import { App, Tags } from 'aws-cdk-lib';
import { buildIfStale } from './build.ts';
import { InvalidSettings, readStage } from './config.ts';
import { createStacks } from './stacks.ts';

const app = new App();
try {
  const stage = readStage(app.node.tryGetContext('tessera'), String(app.node.tryGetContext('stage')));
  await buildIfStale();
  createStacks(app, stage);
  // Some regions do not support tags on dashboards yet, and CloudFormation then refuses the whole stack.
  Tags.of(app).add('tessera:stage', stage.name, { excludeResourceTypes: ['AWS::CloudWatch::Dashboard'] });
} catch (error) {
  if (!(error instanceof InvalidSettings)) throw error;
  // A mistyped setting needs a sentence, not a stack trace.
  console.error(error.message);
  process.exit(1);
}
