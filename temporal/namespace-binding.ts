/**
 * The check that the Temporal namespace is the one that the process's installation is bound to, by Temporal's own id of it: another
 * server at the same address has another id, and its workflows move another installation's money. The check is made before anything
 * is started or polled, and once a second after that, because a connection that is made again may lead elsewhere.
 */
import type { Client } from '@temporalio/client';
import { InstallationError, type Installation } from '../domain/installation.ts';
import { answerWithin } from './health.ts';

export interface NamespaceBinding {
  /**
   * Returns the installation if its own namespace answers, or did so within the last `maxAgeMs`. Throws an InstallationError if
   * another installation's answers, and any other fault that keeps the answer from being known.
   */
  readonly verify: (maxAgeMs?: number) => Promise<Installation>;
  /** Rejects with the first InstallationError. */
  readonly broken: Promise<never>;
}

/** The `maxAgeMs` of frequent starts: the namespace is asked for once a second anyway. */
export const VERIFIED_WITHIN_MS = 2_000;
const ANSWER_LIMIT_MS = 1_000;

/** `own` returns the installation that the process's databases belong to. */
export function bindNamespace(client: Client, own: () => Promise<Installation>): NamespaceBinding {
  const { promise: broken, reject: breakWith } = Promise.withResolvers<never>();
  // A rejection for which nobody waits must not end the process.
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
      // A caller that accepts no age needs an answer to a question that is asked now.
      if (maxAgeMs === 0) return ask();
      asking ??= ask().finally(() => {
        asking = undefined;
      });
      return asking;
    },
  };
}

/** Temporal's id of the client's namespace. If the server tells none, the namespace's name takes its place. */
export async function namespaceId(client: Client): Promise<string> {
  const { namespace } = client.options;
  const { namespaceInfo } = await client.workflowService.describeNamespace({ namespace });
  return namespaceInfo?.id || `name:${namespace}`;
}
