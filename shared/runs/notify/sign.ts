import { Webhook } from 'standardwebhooks';
import { InvalidInput } from '../../errors.ts';

export interface Signed {
  /** The same each time that it is sent, so that a receiver knows a repetition. */
  readonly id: string;
  /** When it is sent, which a receiver may bound. */
  readonly at: Date;
  readonly body: string;
}

/** The headers of a Standard Webhook: one signature for each secret, so that receivers may change theirs when they like. */
export const signedHeaders = (secrets: readonly string[], { id, at, body }: Signed): Record<string, string> => ({
  'webhook-id': id,
  'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
  'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, at, body)).join(' '),
});

/** One secret, or the new one and those before it, apart by spaces, commas or lines; Base64, with or without `whsec_`. */
export function parseSigningSecrets(text: string): readonly string[] {
  const secrets = text.split(/[\s,]+/).filter((secret) => secret !== '');
  if (secrets.length === 0 || !secrets.every(isSecret))
    throw new InvalidInput(
      'The signing secret should be at least 24 bytes in Base64, such as whsec_ and what "openssl rand -base64 32" prints; while it is replaced, the new one and the old one with a space between.',
    );
  return secrets;
}

function isSecret(secret: string): boolean {
  const encoded = secret.replace(/^whsec_/, '');
  const bytes = Buffer.from(encoded, 'base64');
  // As strict as the library that receivers verify with.
  return bytes.byteLength >= 24 && bytes.toString('base64') === encoded;
}
