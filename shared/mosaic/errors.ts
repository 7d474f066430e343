export type MosaicErrorKind =
  | 'bad-request'
  | 'unauthorised'
  | 'forbidden'
  | 'concurrency'
  | 'credits'
  | 'not-found'
  | 'conflict'
  | 'too-large'
  | 'unprocessable'
  | 'rate-limited'
  | 'server'
  | 'timeout'
  | 'network'
  | 'unreadable';

/**
 * A call to the Mosaic API that did not succeed. Whether it is worth another try follows from `kind`, so whoever
 * called decides: the same refusal ends one run and only delays another.
 */
export class MosaicError extends Error {
  override name = 'MosaicError';
  readonly kind: MosaicErrorKind;
  readonly status?: number;
  readonly retryAfterSeconds?: number;
  /** The request may have been carried out all the same. Never repeat a start that is ambiguous. */
  readonly ambiguous: boolean;

  constructor(
    message: string,
    facts: { kind: MosaicErrorKind; status?: number; retryAfterSeconds?: number; ambiguous?: boolean; cause?: unknown },
  ) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.kind = facts.kind;
    this.status = facts.status;
    this.retryAfterSeconds = facts.retryAfterSeconds;
    this.ambiguous = facts.ambiguous ?? false;
  }
}
