/**
 * The secrets of a webhook endpoint: the present one, and those of before, each of which signs too until the time that the rotation
 * which replaced it has given it.
 */

/** How many sign at once, the present one included. */
export const SIGNING_SECRETS_MAX = 5;

/** As it is stored, in JSON. */
export interface OlderSecret {
  /** Sealed. */
  readonly secret: string;
  readonly expires_at: string;
}

export interface StoredSecrets {
  readonly secret: string;
  readonly previousSecret: string | null;
  readonly previousSecretExpiresAt: Date | null;
  /** Of rotations before the last one, the newest first. */
  readonly olderSecrets: readonly OlderSecret[];
}

export interface EarlierSecret {
  readonly secret: string;
  readonly expiresAt: Date;
}

/** Those of before the present one that still sign, the newest first. */
export function earlierSecrets(
  { previousSecret, previousSecretExpiresAt, olderSecrets }: StoredSecrets,
  now: Date,
): EarlierSecret[] {
  const previous =
    previousSecret === null || previousSecretExpiresAt === null
      ? []
      : [{ secret: previousSecret, expiresAt: previousSecretExpiresAt }];
  const older = olderSecrets.map(({ secret, expires_at }) => ({ secret, expiresAt: new Date(expires_at) }));
  return [...previous, ...older].filter(({ expiresAt }) => expiresAt > now);
}
