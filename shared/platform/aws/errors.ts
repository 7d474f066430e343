/** The SDK's errors, as far as the adapters look at them. */
export interface AwsError extends Error {
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
}

export const isAwsError = (error: unknown, ...names: string[]): error is AwsError =>
  error instanceof Error && (names.length === 0 || names.includes(error.name));

export const statusOf = (error: unknown): number | undefined => (error as AwsError)?.$metadata?.httpStatusCode;

/** The SDK sent the request more than once: an earlier try may have done what the last one was refused. */
export const wasRepeated = (error: unknown): boolean => ((error as AwsError)?.$metadata?.attempts ?? 1) > 1;
