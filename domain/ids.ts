/**
 * The ids of the domain as branded types: a wallet's id cannot be passed where a transfer's is meant.
 * All are UUIDs in lower case. How they are derived is in derived-id.ts, which workflows cannot import.
 */
declare const brand: unique symbol;
type Id<Name extends string> = string & { readonly [brand]: Name };

export type WalletId = Id<'WalletId'>;
export type TransferId = Id<'TransferId'>;
export type TransactionId = Id<'TransactionId'>;
export type BatchId = Id<'BatchId'>;
/** Transfers that were accepted together, and that one workflow moves. */
export type GroupId = Id<'GroupId'>;
export type RecurringTransferId = Id<'RecurringTransferId'>;
export type CaseId = Id<'CaseId'>;
/** A set of databases, and the Temporal namespace that carries their workflows. */
export type InstallationId = Id<'InstallationId'>;
/** A run of the reconciliation. */
export type RunId = Id<'RunId'>;
export type WebhookEndpointId = Id<'WebhookEndpointId'>;
export type WebhookReplayId = Id<'WebhookReplayId'>;
export type PrincipalId = Id<'PrincipalId'>;
export type ApiKeyId = Id<'ApiKeyId'>;
export type OrderId = Id<'OrderId'>;
/** One of an order's deliveries: goods, hold, shipment and invoice of its own. */
export type ConsignmentId = Id<'ConsignmentId'>;
export type ShipmentId = Id<'ShipmentId'>;
/** Goods of an order that come back. */
export type ReturnId = Id<'ReturnId'>;
