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
 * The secrets from the environment, else one per line from a pipe, else asked of a person without showing what is typed.
 * They are never arguments, which other users of the machine can see.
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
    return checked(values);
  }
  const lines = linesOf(input);
  for (const { role, question } of questions) {
    prompts.write(input.isTTY ? question : '');
    const answer = (await lines.next()).value?.trim();
    prompts.write(input.isTTY ? '\n' : '');
    if (answer) values[role] = answer;
  }
  await lines.return?.();
  return checked(values);
}

/** On a terminal, readline takes over the echo, and what it would echo goes nowhere. */
function linesOf(input: Input): AsyncIterator<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  return createInterface({ input, output: nowhere, terminal: input.isTTY === true })[Symbol.asyncIterator]();
}

function checked(values: SecretValues): SecretValues {
  const key = values['mosaic-api-key'];
  if (key !== undefined && !/^mk_[\w-]{16,200}$/.test(key)) {
    throw new Error(
      'That is not an API key: one is "mk_" and at least 16 letters, digits, "_" or "-". Nothing was changed.',
    );
  }
  return values;
}
