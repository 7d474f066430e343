/**
 * The secrets in a setting: one, or while one replaces the other a JSON list of both, the newest last. A receiver takes
 * any of them, a sender signs with the newest.
 */
export function webhookSecrets(setting: string): readonly string[] {
  // A secret that was stored from a file has that file's line end.
  return listIn(setting).flatMap((secret) => (typeof secret === 'string' && secret.trim() ? [secret.trim()] : []));
}

function listIn(setting: string): readonly unknown[] {
  try {
    const list: unknown = JSON.parse(setting);
    if (Array.isArray(list)) return list;
  } catch {
    // A secret that is not JSON is one secret.
  }
  return [setting];
}
