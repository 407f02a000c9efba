/** The wallet API alone, for services that run as processes of their own: the transfer API forwards wallet paths to it. */
import type { Database } from '../db/database.ts';
import { createBaseApp, type BaseDeps } from './http/base-app.ts';
import { healthRoutes } from './health.ts';
import { openApiDocument, openApiRoute } from './http/openapi.ts';
import type { Readiness } from './readiness.ts';
import { balanceHistoryRoutes } from './wallet/balance-history.ts';
import { walletRoutes } from './wallet/wallet.ts';
import { walletLimitRoutes } from './wallet/limits.ts';
import { askedByTransferApi, walletSightIn, walletSightRoutes } from './wallet/sight.ts';

export interface WalletAppDeps extends BaseDeps {
  /** The shards' databases, in the order of their numbers. */
  readonly shards: readonly Database[];
  readonly readiness: Readiness;
}

export function createWalletApp({ shards, readiness, ...deps }: WalletAppDeps) {
  const app = createBaseApp(deps);
  return app
    .route('/', healthRoutes(readiness))
    .route('/', walletRoutes(shards))
    .route('/', walletLimitRoutes(shards))
    .route('/', balanceHistoryRoutes(shards))
    .route('/', walletSightRoutes(walletSightIn(shards), askedByTransferApi))
    .route(
      '/',
      openApiRoute(() => openApiDocument(app)),
    );
}
