import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { SecretRole } from './secret-tags.ts';

export type SecretValues = Partial<Record<SecretRole, string>>;

const questions = [
  { role: 'mosaic-api-key', variable: 'TESSERA_API_KEY', question: 'API key (mk_…): ' },
  { role: 'webhook-secret', variable: 'TESSERA_WEBHOOK_SECRET', question: 'Webhook secret: ' },
] as const;

type Input = NodeJS.ReadableStream & { isTTY?: boolean };

/**
 * Reads the secrets from the environment, else one per line from a pipe, else from a terminal without echoing them. They
 * are never arguments, which other users of the machine can see.
 */
export async function readSecretValues(
  input: Input,
  prompts: NodeJS.WritableStream,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<SecretValues> {
  const given = questions.filter(({ variable }) => environment[variable]);
  const values: SecretValues = {};
  if (given.length > 0) {
    for (const { role, variable } of given) values[role] = environment[variable]?.trim();
    return checkKey(values);
  }
  const lines = readLines(input);
  for (const { role, question } of questions) {
    prompts.write(input.isTTY ? question : '');
    const answer = (await lines.next()).value?.trim();
    prompts.write(input.isTTY ? '\n' : '');
    if (answer) values[role] = answer;
  }
  await lines.return?.();
  return checkKey(values);
}

/** On a terminal, readline does the echo; its output is discarded. */
function readLines(input: Input): AsyncIterator<string> {
  const discard = new Writable({ write: (_chunk, _encoding, done) => done() });
  return createInterface({ input, output: discard, terminal: input.isTTY === true })[Symbol.asyncIterator]();
}

function checkKey(values: SecretValues): SecretValues {
  const key = values['mosaic-api-key'];
  if (key !== undefined && !/^mk_[\w-]{16,200}$/.test(key)) {
    throw new Error(
      'That is not an API key: a key is "mk_" and at least 16 letters, digits, "_" or "-". Nothing was changed.',
    );
  }
  return values;
}
