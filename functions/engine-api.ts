import type { Handler } from 'aws-lambda';
import { handle } from 'hono/aws-lambda';
import type { EngineApiDeps } from '../shared/engine/api/deps.ts';
import { engineApi } from '../shared/engine/api/routes.ts';

/** The engine's API behind an HTTP API (payload format 2.0). */
export const engineApiHandler = (deps: EngineApiDeps): Handler => handle(engineApi(deps));
