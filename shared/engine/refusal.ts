import { PermanentError } from '../errors.ts';

/** A request that is understood, and refused for a reason that has a status of its own. */
export class Refusal extends PermanentError {
  override name = 'Refusal';
  readonly status: 409 | 413 | 422;
  /** The code that older clients read. */
  readonly code: string;

  constructor(status: 409 | 413 | 422, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}
