export type SecretRole = 'mosaic-api-key' | 'webhook-secret' | 'signing-secret';

/** Secrets have generated names, so that stages never clash; these tags tell a stage's secrets apart. */
export const secretTags = (stage: string, role: SecretRole): Record<string, string> => ({
  'tessera:stage': stage,
  'tessera:secret': role,
});
