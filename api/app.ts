/**
 * The transfer API: every path of the service. It answers wallet paths from the shards' databases in this process, or forwards them
 * to the wallet API if that is a process of its own. Its type drives a typed client.
 */
import type { Database } from '../db/database.ts';
import { batchRoutes, type BatchDeps } from './transfer/batch.ts';
import { batchTrialRoutes } from './transfer/batch-trial.ts';
import { createBaseApp, type BaseDeps } from './http/base-app.ts';
import { auditEventRoutes } from './events/audit-event.ts';
import { activityRoutes } from './events/activity.ts';
import { eventRoutes } from './events/event.ts';
import { asyncApiRoute } from './events/asyncapi.ts';
import { eventTypeRoutes } from './events/event-types.ts';
import { flowRoutes } from './events/flows.ts';
import { projectionRoutes } from './events/projection.ts';
import { eventSourceRoutes } from './events/source.ts';
import { eventStreamRoutes, type EventStreamDeps } from './events/stream.ts';
import { webhookControlRoutes } from './events/webhook-control.ts';
import { webhookDeliveryRoutes } from './events/webhook-delivery.ts';
import { webhookEndpointRoutes } from './events/webhook-endpoint.ts';
import { webhookReplayRoutes } from './events/webhook-replay.ts';
import type { WebhookDeps } from './events/webhook-fields.ts';
import { keyRoutes, type KeyDeps } from './access/key.ts';
import { voterJudge, voterList } from './access/made-by.ts';
import { tenantRoutes } from './access/tenant.ts';
import { principalRoutes } from './access/principal.ts';
import { consoleSessionRoutes } from './access/console-session.ts';
import { consolePages } from './console/page.ts';
import type { OpenOrders } from './open-orders.ts';
import { orderServiceRoutes } from './order-routes.ts';
import { approvalPolicyRoutes } from './transfer/approval-policy.ts';
import { approvalRoutes } from './transfer/approval.ts';
import { grantsIn } from './transfer/grant.ts';
import { caseRoutes } from './transfer/case.ts';
import { currencyRoutes } from './transfer/currency.ts';
import { decodePayloadsRoute } from './http/decode-payloads.ts';
import { docsRoutes } from './http/docs.ts';
import { askReceiverAt, askReceiverIn } from './wallet/ask-receiver.ts';
import { forwardWallets } from './wallet/forward-wallets.ts';
import { healthRoutes } from './health.ts';
import { openApiDocument, openApiRoute } from './http/openapi.ts';
import type { Readiness } from './readiness.ts';
import { reconciliationRoutes } from './transfer/reconciliation.ts';
import { recurringControlRoutes } from './transfer/recurring-control.ts';
import { recurringRoutes } from './transfer/recurring.ts';
import { reversalRoutes } from './transfer/reversal.ts';
import { transactionRoutes } from './transfer/transaction.ts';
import { holdRoutes } from './transfer/hold.ts';
import { resolutionRoutes } from './transfer/resolution.ts';
import { cancelUncreatedRoutes } from './transfer/cancel-uncreated.ts';
import { isOwnMovementIn } from './transfer/own-movement.ts';
import { transferRoutes } from './transfer/transfer.ts';
import { transferListRoutes } from './transfer/list.ts';
import { balanceHistoryRoutes } from './wallet/balance-history.ts';
import { walletRoutes } from './wallet/wallet.ts';
import { walletLimitRoutes } from './wallet/limits.ts';
import { walletSightAt, walletSightIn, walletSightRoutes } from './wallet/sight.ts';
import { consoleRoutes } from './console/routes.ts';

/** The shards' databases in the order of their numbers, or the URL of the wallet API and the key for it. */
export type WalletAccess =
  | { readonly shards: readonly Database[] }
  | { readonly walletApiUrl: string; readonly walletApiKey?: string | undefined };

/** `database` is the transfer service's. */
export interface AppDeps extends BaseDeps, BatchDeps, EventStreamDeps, WebhookDeps, KeyDeps {
  readonly wallets: WalletAccess;
  readonly readiness: Readiness;
  readonly eventsReadiness: Readiness;
  /** Where the Temporal Web UI has the workflows of the namespace; undefined where nobody has said. */
  readonly temporalUi?: string | undefined;
  /** Of an installation that has orders. */
  readonly orders?: Pick<OpenOrders, 'routes' | 'readiness'> | undefined;
}

export function createApp({ wallets, readiness, eventsReadiness, orders, ...deps }: AppDeps) {
  // Before all other paths of wallets: see its file.
  const app = createBaseApp(deps).route('/', activityRoutes(deps));
  const shards = 'shards' in wallets ? wallets.shards : [];
  const apart =
    'shards' in wallets ? undefined : ([wallets.walletApiUrl, deps.installation, wallets.walletApiKey] as const);
  // Registered before the wallet routes below, which then serve the documentation and the types only.
  if (apart !== undefined)
    for (const path of ['/v1/wallets', '/v1/wallets/*', '/v1/totals']) app.use(path, forwardWallets(...apart));
  const askReceiver = apart === undefined ? askReceiverIn(shards) : askReceiverAt(...apart);
  const grants = grantsIn(deps.database, voterList(deps, deps.authentication !== 'off'));
  const sight = apart === undefined ? walletSightIn(shards) : walletSightAt(...apart);
  return (
    app
      .route('/', consoleRoutes({ ...deps, sight, readiness, eventsReadiness, orders }))
      .route(
        '/',
        healthRoutes(readiness, {
          shardsBehind: () => deps.acceptance.shardsBehind.known(),
          events: eventsReadiness,
          orders: orders?.readiness,
        }),
      )
      .route('/', transferRoutes(deps))
      .route('/', cancelUncreatedRoutes(deps))
      .route('/', holdRoutes(deps, askReceiver))
      .route('/', resolutionRoutes(deps))
      .route('/', reversalRoutes(deps))
      .route('/', transferListRoutes(deps))
      .route('/', approvalRoutes(deps, voterJudge(deps), grants))
      .route('/', approvalPolicyRoutes(deps, grants.voters))
      .route('/', recurringRoutes(deps))
      .route('/', recurringControlRoutes(deps))
      .route('/', transactionRoutes(deps))
      .route('/', currencyRoutes(deps))
      .route('/', batchRoutes(deps))
      .route('/', batchTrialRoutes(deps))
      .route('/', walletRoutes(shards))
      .route('/', caseRoutes(deps))
      .route('/', reconciliationRoutes(deps))
      // Before the route of one event, whose position could be any word.
      .route('/', eventStreamRoutes(deps))
      .route('/', eventRoutes(deps))
      .route('/', eventSourceRoutes(deps))
      .route('/', auditEventRoutes(deps))
      .route('/', projectionRoutes(deps))
      .route('/', flowRoutes(deps))
      .route('/', webhookEndpointRoutes(deps))
      .route('/', webhookControlRoutes(deps))
      .route('/', webhookDeliveryRoutes(deps))
      .route('/', webhookReplayRoutes(deps))
      .route('/', orderServiceRoutes(orders?.routes))
      .route('/', walletLimitRoutes(shards))
      .route('/', balanceHistoryRoutes(shards))
      .route('/', walletSightRoutes(sight, isOwnMovementIn(deps.database)))
      .route('/', tenantRoutes(deps))
      .route('/', principalRoutes(deps))
      .route('/', keyRoutes(deps, grants.ask))
      .route('/', consoleSessionRoutes(deps))
      .route('/', consolePages({ asksForKeys: deps.authentication !== 'off', temporalUi: deps.temporalUi }))
      .route('/', decodePayloadsRoute(deps.decoding))
      .route('/', eventTypeRoutes())
      .route('/', docsRoutes())
      .route('/', asyncApiRoute())
      .route(
        '/',
        openApiRoute(() => openApiDocument(app)),
      )
  );
}

/** For a typed client: `hc<App>(url)`. @public */
export type App = ReturnType<typeof createApp>;
