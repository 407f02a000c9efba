/**
 * An installation: the databases that belong together, and the Temporal namespace that carries their workflows. No process works
 * for two. Pure; databases, services and workers share it.
 */
import type { InstallationId } from './ids.ts';

export interface Installation {
  readonly installationId: InstallationId;
  /** Temporal's own id of the namespace. */
  readonly namespaceId: string;
}

/**
 * The header by which a service tells another which installation it calls for; a service of another installation refuses the call.
 */
export const INSTALLATION_HEADER = 'counterpoise-installation';

/** The error that a database or a Temporal namespace is another installation's, or none's yet. The message says what to do. */
export class InstallationError extends Error {
  override readonly name = 'InstallationError';
  readonly code = 'installation_mismatch';
}
