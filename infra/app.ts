import { existsSync } from 'node:fs';
import { App, Tags } from 'aws-cdk-lib';
import { InvalidSettings, readStage } from './config.ts';
import { assetsFolder, doors } from './function-names.ts';
import { stacksOf } from './stacks.ts';

const app = new App();
try {
  const stage = readStage(app.node.tryGetContext('tessera'), String(app.node.tryGetContext('stage')));
  const unbuilt = doors.filter((door) => !existsSync(`${assetsFolder}/${door}/index.mjs`));
  if (unbuilt.length > 0) throw new InvalidSettings(`${unbuilt.join(', ')} not built yet: npm run build`);
  stacksOf(app, stage);
  // Not every region takes tags on a dashboard yet; CloudFormation refuses the whole stack there.
  Tags.of(app).add('tessera:stage', stage.name, { excludeResourceTypes: ['AWS::CloudWatch::Dashboard'] });
} catch (error) {
  if (!(error instanceof InvalidSettings)) throw error;
  // Whoever mistyped a setting needs the sentence, not our stack trace.
  console.error(error.message);
  process.exit(1);
}
