/** The keys of an API process: the database that has them, and who authenticates by it. */
import { SettingsError, type Settings } from '../process/config.ts';
import type { Database } from '../db/database.ts';
import type { InstallationGuard } from '../db/installation.ts';
import { openAccessDatabase } from '../db/service-databases.ts';
import type { Logger } from '../process/telemetry.ts';
import { createAuthenticator } from './access/authenticator.ts';
import { ACCESS_POOL } from './databases.ts';
import type { Authentication } from './http/authenticate.ts';

export interface OpenAccess {
  /** Undefined if no setting names it, which goes with AUTH=off alone. */
  readonly database: Database | undefined;
  readonly authentication: Authentication;
  readonly stop: () => void;
}

/** Throws a SettingsError if requests need keys and no setting says where the keys are. */
export function openAccess(settings: Settings, guard: InstallationGuard, logger: Logger): OpenAccess {
  const { AUTH, ACCESS_DATABASE_URL: url } = settings;
  if (AUTH === 'on' && url === undefined)
    throw new SettingsError('not set: ACCESS_DATABASE_URL, where the keys are (or AUTH=off, on loopback alone)');
  const database = url === undefined ? undefined : openAccessDatabase(settings, guard, ACCESS_POOL);
  if (AUTH === 'off' || database === undefined) {
    logger.warn('AUTH=off: whoever reaches this API may do everything');
    return { database, authentication: 'off', stop: () => {} };
  }
  const authentication = createAuthenticator(database, logger);
  return { database, authentication, stop: authentication.stop };
}
