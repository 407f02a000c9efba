/**
 * Makes sure that the Temporal namespace is the one that the process's installation is bound to, by Temporal's own id of it:
 * another server at the same address has another one, and its workflows move another installation's money. Asked before
 * anything is started or polled, and once a second after that, because a connection that is made again may lead elsewhere.
 */
import type { Client } from '@temporalio/client';
import { InstallationError, type Installation } from '../domain/installation.ts';
import { answerWithin } from './health.ts';

export interface NamespaceBinding {
  /**
   * The installation, once its namespace is known to be the one that answers, or was so within the last `maxAgeMs`.
   * Throws an InstallationError if it is another's, and whatever else keeps it from being known.
   */
  readonly verify: (maxAgeMs?: number) => Promise<Installation>;
  /** Rejects with the first InstallationError. */
  readonly broken: Promise<never>;
}

/** For what is started often: the namespace is asked for once a second anyway. */
export const VERIFIED_WITHIN_MS = 2_000;
const ANSWER_LIMIT_MS = 1_000;

/** `own` tells the installation that the process's databases belong to. */
export function bindNamespace(client: Client, own: () => Promise<Installation>): NamespaceBinding {
  const { promise: broken, reject: breakWith } = Promise.withResolvers<never>();
  // Not everybody waits for it.
  broken.catch(() => {});
  let verified: { readonly installation: Installation; readonly at: number } | undefined;
  let asking: Promise<Installation> | undefined;

  async function ask(): Promise<Installation> {
    const startedAt = performance.now();
    const installation = await own();
    const { namespace } = client.options;
    const id = await answerWithin(client, ANSWER_LIMIT_MS, () => namespaceId(client));
    if (id !== installation.namespaceId) {
      const error = new InstallationError(
        `the namespace ${namespace} of this Temporal server has the id ${id}, but installation ${installation.installationId} is bound to ` +
          `${installation.namespaceId}: TEMPORAL_ADDRESS or TEMPORAL_NAMESPACE is another installation's, or the server was made anew; ` +
          'npm run rebind says what differs and how to go on',
      );
      breakWith(error);
      throw error;
    }
    verified = { installation, at: startedAt };
    return installation;
  }

  return {
    broken,
    async verify(maxAgeMs = 0) {
      if (verified !== undefined && performance.now() - verified.at < maxAgeMs) return verified.installation;
      // Whoever accepts no age at all wants an answer to a question of its own.
      if (maxAgeMs === 0) return ask();
      asking ??= ask().finally(() => {
        asking = undefined;
      });
      return asking;
    },
  };
}

/** Temporal's id of the client's namespace. A server that tells none is told apart by the namespace's name. */
export async function namespaceId(client: Client): Promise<string> {
  const { namespace } = client.options;
  const { namespaceInfo } = await client.workflowService.describeNamespace({ namespace });
  return namespaceInfo?.id || `name:${namespace}`;
}
