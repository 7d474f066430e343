export type SecretRole = 'mosaic-api-key' | 'webhook-secret' | 'signing-secret';

/** Secrets have generated names, so that stages never clash. These tags identify a stage's secrets. */
export const secretTags = (stage: string, role: SecretRole): Record<string, string> => ({
  'tessera:stage': stage,
  'tessera:secret': role,
});
