/** The wire as documented today: what a server must send. What a client forgives is in `read-*.ts`. */
export * from './account-schemas.ts';
export * from './agent-schemas.ts';
export * from './run-schemas.ts';
export * from './webhook-schemas.ts';
