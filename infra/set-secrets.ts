import { readStage } from './config.ts';
import { readContext } from './read-context.ts';
import { readSecretValues } from './read-secret-values.ts';
import { storeSecrets } from './store-secrets.ts';

/** `npm run secrets -- <stage>`: sets the stage's API key and webhook secret; an empty answer leaves one as it is. */
async function main(stageName: string | undefined): Promise<void> {
  if (stageName === undefined) throw new Error('Say which stage: npm run secrets -- <stage>');
  const stage = readStage(await readContext('cdk.json'), stageName);
  if (stage.engine === 'self-hosted') {
    console.error(
      `Stage "${stage.name}" has its own engine, whose secrets were made at deploy: set them only to change them.`,
    );
  }
  const values = await readSecretValues(process.stdin, process.stderr, process.env);
  const stored = await storeSecrets(stage.name, values);
  console.log(
    stored.length === 0 ? 'Nothing was changed.' : `Set ${stored.join(' and ')}; in use within five minutes.`,
  );
}

await main(process.argv[2]).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
