import type { Journey } from './journey.ts';

/** Says what the functions were given that the template does not say. */
export function tellDifferences({ stageSettings }: Journey): void {
  console.log(
    [
      "The journey used cdk.json's defaults and every setting that the template gives, but for:",
      `- the stage sets trustedHosts to ${stageSettings.trustedHosts.join(', ')}: links and webhooks go to loopback here,`,
      '  without TLS, which the functions follow for no other host;',
      '- its one rule also restores what is archived, tags what it delivers and names one to be told, and records end after 30 days,',
      '  so that these calls are seen;',
      '- an asset lies where the build put it, not at /var/task, so FFMPEG_PATH and FFPROBE_PATH begin differently;',
      '- AWS_ENDPOINT_URL leads to the emulators. Region and credentials are set by Lambda itself in AWS, too.',
    ].join('\n'),
  );
}

/** Says which permissions no step of the journey needed. */
export function tellPermissions({ functions, gate }: Journey): void {
  const lines = functions.map(({ door, statements }) => {
    const used = new Set(
      gate.calls
        .filter(({ by }) => by === door || by === `Lambda for ${door}`)
        .map(({ action }) => action.toLowerCase()),
    );
    const given = new Set(statements.flatMap(({ Action }) => [Action].flat()));
    const unused = [...given].filter((action) => !used.has(action.toLowerCase()) && !action.startsWith('logs:'));
    return `- ${door}: ${unused.join(' ') || 'none'}`;
  });
  console.log(['Permissions given but not needed on this journey:', ...lines].join('\n'));
}
