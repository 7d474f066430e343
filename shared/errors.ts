/**
 * Two kinds of failure. Everything that throws may be tried again, unless it is a PermanentError:
 * then the same attempt can never succeed, and whoever catches it records it and moves on.
 */
export class PermanentError extends Error {
  override name = 'PermanentError';
  /** Facts for logs and tests: ids and numbers, never a secret or a signed link. */
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(message: string, facts: Record<string, unknown> = {}, options?: { cause?: unknown }) {
    super(message, options);
    this.facts = facts;
  }
}

/** What was given cannot be used; the message says what is wrong with it and what would be right. */
export class InvalidInput extends PermanentError {
  override name = 'InvalidInput';
}

/** What was asked for does not exist. */
export class Missing extends PermanentError {
  override name = 'Missing';
}

/** The other side understood and said no, for good. */
export class Rejected extends PermanentError {
  override name = 'Rejected';
}

/** Two writers conflicted and neither wrote. A retry may succeed, so this is not a PermanentError. */
export class Conflict extends Error {
  override name = 'Conflict';
}

/** Access denied. An administrator can fix that, so this is not a PermanentError. */
export class Denied extends Error {
  override name = 'Denied';
}

/** There is no room to write. A retry helps as soon as there is, so this is not a PermanentError. */
export class DiskFull extends Error {
  override name = 'DiskFull';
}

/** The message of anything that was thrown, for a person to read. */
export const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));
