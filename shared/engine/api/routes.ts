import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { nodeTypeReport, nodeTypeReports } from '../agents/node-types.ts';
import { agentRoutes } from './agent-routes.ts';
import { type ApiKey, findKey } from './api-keys.ts';
import type { EngineApiDeps, EngineEnv } from './deps.ts';
import { errorReply, failureReply, maxBodyBytes } from './replies.ts';
import { runRoutes } from './run-routes.ts';

/** The Mosaic API, as far as this engine serves it. Every request needs a key, also one for a path that does not exist. */
export function engineApi(deps: EngineApiDeps): Hono<EngineEnv> {
  const app = new Hono<EngineEnv>();
  app.onError((error, context) => failureReply(context, error, deps.log));
  app.notFound((context) => errorReply(context, 404, 'not_found', 'There is nothing at this path of the API.'));
  app.use(async (context, next) => {
    const apiKey = await findKey(deps.table, bearerOf(context.req.raw.headers), deps.firstKey);
    if (apiKey === undefined)
      return errorReply(context, 401, 'invalid_api_key', 'Send a valid key as "Authorization: Bearer mk_…".');
    context.set('apiKey', apiKey);
    return next();
  });
  app.use(
    bodyLimit({
      maxSize: maxBodyBytes,
      onError: (context) => {
        // The rest of the body is not read, so nothing else can come over this connection.
        context.header('connection', 'close');
        return errorReply(context, 413, 'too_large', `A request body has at most ${maxBodyBytes} bytes.`);
      },
    }),
  );
  app.get('/whoami', (context) => context.json(whoami(context.get('apiKey'))));
  app.get('/node_types', (context) => context.json({ node_types: nodeTypeReports() }));
  app.get('/node_type/:id', (context) => {
    const nodeType = nodeTypeReport(context.req.param('id'));
    if (nodeType) return context.json({ node_type: nodeType });
    return errorReply(context, 404, 'not_found', 'Node type not found');
  });
  agentRoutes(app, deps);
  runRoutes(app, deps);
  return app;
}

/** Older clients send `X-API-Key`. */
function bearerOf(headers: Headers): string | undefined {
  const [, bearer] = /^Bearer +(\S+)$/i.exec(headers.get('authorization') ?? '') ?? [];
  return bearer ?? headers.get('x-api-key') ?? undefined;
}

/** This engine has one organization and no users: what a client finds here is who its key belongs to. */
const whoami = ({ id, createdAt }: ApiKey) => ({
  organization_id: '00000000-0000-4000-8000-000000000001',
  organization_name: 'Tessera',
  organization_slug: 'tessera',
  user_id: '00000000-0000-4000-8000-000000000002',
  email: '',
  is_admin: true,
  api_key_id: id,
  created_at: createdAt,
  last_used_at: null,
});
