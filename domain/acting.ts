/** Who acts: the principal of the key, and whom the request says that one acts for. Pure. */
import type { ApiKeyId, PrincipalId } from './ids.ts';
import type { OfTenant } from './tenant.ts';

/** Who has decided something. */
export interface Acting extends OfTenant {
  /** The name of the principal whose key it was. */
  readonly actor: string;
  /** Whom the request says that the principal acts for. */
  readonly onBehalfOf?: string | undefined;
  /** Undefined in what programs of the version before have asked for, and of who acts without a key. */
  readonly principalId?: PrincipalId | undefined;
  readonly apiKeyId?: ApiKeyId | undefined;
}
