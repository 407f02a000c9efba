/**
 * The listener of what services ask each other where they run apart: on a port of its own, which clients cannot reach, and for callers
 * that prove who they are, by a signature or a certificate. Without INTERNAL_PORT none of it exists over HTTP.
 */
import type { Hono } from 'hono';
import { SettingsError, type Settings } from '../process/config.ts';
import type { RunningService } from '../process/run-service.ts';
import type { SigningKeys } from '../process/signed-call.ts';
import type { Logger } from '../process/telemetry.ts';
import { createBaseApp, type BaseDeps } from './http/base-app.ts';
import { beginCounting } from './http/count-requests.ts';
import type { ApiEnv } from './http/env.ts';
import { serveHttp } from './http/serve-http.ts';
import { requireSignature } from './http/signed-calls.ts';

type InternalSettings = Pick<
  Settings,
  | 'HOST'
  | 'INTERNAL_PORT'
  | 'REUSE_PORT'
  | 'INTERNAL_KEYS'
  | 'INTERNAL_TLS_CA'
  | 'INTERNAL_TLS_CERT'
  | 'INTERNAL_TLS_KEY'
>;

/** Undefined without INTERNAL_PORT. Throws a SettingsError if nothing would tell callers apart. */
export async function serveInternal(
  settings: InternalSettings,
  deps: Omit<BaseDeps, 'authentication'>,
  routes: readonly Hono<ApiEnv>[],
  logger: Logger,
): Promise<(RunningService & { readonly url: string }) | undefined> {
  const { HOST: host, INTERNAL_PORT: port, INTERNAL_KEYS: keys } = settings;
  if (port === undefined) return undefined;
  const tls = tlsOf(settings);
  if (keys === undefined && tls === undefined)
    throw new SettingsError(
      'INTERNAL_PORT needs INTERNAL_KEYS_FILE, or INTERNAL_TLS_CA_FILE, INTERNAL_TLS_CERT_FILE and INTERNAL_TLS_KEY_FILE',
    );
  const app = internalApp(deps, keys, routes);
  beginCounting(deps.metrics, app);
  const reusePort = settings.REUSE_PORT === 'on';
  const server = await serveHttp({ fetch: app.fetch, host, port, reusePort, tls });
  logger.info({ url: server.url }, 'the internal routes listen');
  return server;
}

export function internalApp(
  deps: Omit<BaseDeps, 'authentication'>,
  keys: SigningKeys | undefined,
  routes: readonly Hono<ApiEnv>[],
) {
  // A call is let in by its signature or its certificate.
  const app = createBaseApp({ ...deps, authentication: 'off' });
  app.use(requireSignature(keys));
  for (const each of routes) app.route('/', each);
  return app;
}

function tlsOf({ INTERNAL_TLS_CA: ca, INTERNAL_TLS_CERT: cert, INTERNAL_TLS_KEY: key }: InternalSettings) {
  if ([ca, cert, key].every((each) => each === undefined)) return undefined;
  if (ca === undefined || cert === undefined || key === undefined)
    throw new SettingsError('INTERNAL_TLS_CA, INTERNAL_TLS_CERT and INTERNAL_TLS_KEY have to be set, or none of them');
  // Whoever calls shows a certificate of this authority.
  return { ca, cert, key, requestCert: true, rejectUnauthorized: true };
}
