/**
 * The errors of the API. Each has a stable code, an HTTP status and a title, and is rendered as RFC 9457 problem details. Handlers
 * throw a ProblemError, and the app renders it in one place. Anything else that is thrown becomes `internal_error`, and its text is
 * not told.
 */
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { FIELD_FAULTS, type FieldCode } from './field-codes.ts';
import type { ApiEnv } from './env.ts';

const PROBLEMS = {
  bad_request: [400, 'The request is not valid HTTP'],
  invalid_utf8: [400, 'The body is not UTF-8'],
  invalid_json: [400, 'The body is not JSON'],
  name_repeated: [400, 'The body names a member twice'],
  header_repeated: [400, 'A header was sent more than once'],
  idempotency_key_missing: [400, 'The Idempotency-Key header is missing'],
  idempotency_key_invalid: [400, 'The Idempotency-Key header is not valid'],
  cursor_of_another_list: [400, 'The cursor was given by another list'],
  position_unknown: [400, 'The log has no such position yet'],
  last_event_id_invalid: [400, 'The Last-Event-ID header is not valid'],
  not_authenticated: [401, 'There is no valid key of this API'],
  scope_missing: [403, 'The key lacks the scope of the route'],
  tenant_not_served: [403, 'The route is not for keys of this tenant'],
  own_request: [403, 'Who has asked for something does not approve it'],
  vote_not_granted: [403, 'Others have to approve that the votes of the principal count'],
  rights_exceeded: [403, 'A key grants no more than the key that makes it has'],
  loopback_only: [403, 'The route is for programs on the machine of the API'],
  cross_site_request: [403, 'A page of another site sent the request'],
  host_not_allowed: [403, 'The Host of the request is not a name of this service'],
  route_not_found: [404, 'There is no such route'],
  wallet_not_found: [404, 'There is no such wallet'],
  transfer_not_found: [404, 'There is no such transfer'],
  transaction_not_found: [404, 'There is no such transaction'],
  batch_not_found: [404, 'There is no such batch'],
  case_not_found: [404, 'There is no such case'],
  run_not_found: [404, 'There is no such run of the reconciliation'],
  recurring_transfer_not_found: [404, 'There is no such recurring transfer'],
  event_not_found: [404, 'There is no such event'],
  event_source_not_found: [404, 'There is no such source of events'],
  dead_letter_not_found: [404, 'There is no such dead letter'],
  projection_not_found: [404, 'There is no such projection'],
  product_not_found: [404, 'There is no such product'],
  order_not_found: [404, 'There is no such order'],
  consignment_not_found: [404, 'The order has no such consignment'],
  stock_not_found: [404, 'There is no such stock'],
  return_not_found: [404, 'There is no such return'],
  shipment_not_found: [404, 'There is no such shipment'],
  invoice_not_found: [404, 'There is no such invoice'],
  webhook_endpoint_not_found: [404, 'There is no such webhook endpoint'],
  webhook_delivery_not_found: [404, 'There is no such delivery'],
  webhook_replay_not_found: [404, 'There is no such replay'],
  api_key_not_found: [404, 'There is no such key'],
  principal_not_found: [404, 'There is no such principal'],
  tenant_not_found: [404, 'There is no such tenant'],
  approval_not_found: [404, 'Nothing of this id has waited for approvals'],
  policy_not_found: [404, 'There is no policy of this currency'],
  console_link_not_found: [404, 'The link was used, has expired, or never was'],
  method_not_allowed: [405, 'The route does not have this method'],
  request_timeout: [408, 'The request took too long to arrive'],
  wallet_exists: [409, 'The user has a wallet in this currency already'],
  approval_required: [409, 'A policy demands an approval, which cannot be given for this'],
  approval_ended: [409, 'It waits for approvals no more'],
  approval_voted: [409, 'The principal has voted otherwise before'],
  approval_of_another_body: [409, 'The transfer is another than the one that was seen'],
  policy_change_waiting: [409, 'Another change of the policy waits for approvals'],
  approval_policy_changed: [409, 'The policy is another than the one that was seen'],
  not_capturable: [409, 'There is no hold that can be captured now'],
  not_cancelable: [409, 'The transfer is past its point of no return'],
  order_not_cancelable: [409, 'All of the order has left, or it has ended'],
  order_not_confirmed: [409, 'The order is not confirmed'],
  order_not_resolvable: [409, 'The order does not wait for this decision'],
  consignment_released: [409, 'The goods of the consignment were released: they must not leave'],
  hold_expiring: [409, 'The hold that pays for the consignment ends too soon: its goods must not leave'],
  handed_over_otherwise: [409, 'The consignment was handed over with another reference'],
  stock_reserved: [409, 'More is reserved for orders than would be on hand'],
  stock_too_large: [409, 'More of a SKU than can be kept'],
  shipment_not_handed_over: [409, 'The carrier was not given the shipment'],
  not_returnable: [409, 'The goods cannot be returned'],
  not_reversible: [409, 'There is nothing to reverse, or not as much'],
  not_resolvable: [409, 'The transfer does not wait for this decision'],
  case_has_workflow: [409, 'The case closes with the workflow of its movement'],
  case_not_refundable: [409, 'The case is about nothing that can be refunded'],
  event_source_not_stopped: [409, 'The outbox is being read'],
  webhook_endpoint_disabled: [409, 'The webhook endpoint is disabled'],
  webhook_endpoints_exceeded: [409, 'There are too many webhook endpoints'],
  webhook_replays_exceeded: [409, 'Too many replays to this endpoint have not ended'],
  webhook_secrets_exceeded: [409, 'Too many secrets of this endpoint sign already'],
  recurring_transfer_deleted: [409, 'The recurring transfer is deleted'],
  api_key_ended: [409, 'The key was rotated, was revoked or has expired'],
  principal_exists: [409, 'There is a principal of this name already'],
  principal_name_reserved: [409, 'The name is that of a service of the installation'],
  tenant_exists: [409, 'There is a tenant of this name already'],
  position_expired: [410, 'The events at this position are no longer kept'],
  body_too_large: [413, 'The body is too large'],
  unsupported_media_type: [415, 'The body is not application/json'],
  expectation_failed: [417, 'The expectation cannot be met'],
  misdirected_request: [421, 'The request is meant for another installation'],
  idempotency_key_reused: [422, 'The Idempotency-Key was used with another body'],
  carrier_event_id_reused: [422, 'The event_id was used for another report'],
  overloaded: [429, 'Too many requests at once'],
  rate_exceeded: [429, 'The key asks more often than it may'],
  too_many_failed_authentications: [429, 'Too many requests of this address had no valid key'],
  too_many_streams: [429, 'Too many streams of events are open'],
  headers_too_large: [431, 'The headers are too large'],
  internal_error: [500, 'The request failed'],
  access_not_configured: [501, 'This installation has no database of keys'],
  orders_not_configured: [501, 'This installation has no databases of orders'],
  webhooks_not_configured: [501, 'This installation has no keys for the secrets of webhooks'],
  database_unavailable: [503, 'A database does not answer'],
  temporal_unavailable: [503, 'The workflow engine does not answer'],
  wallet_shard_behind: [503, 'A wallet database was restored, and an operator has to look at it first'],
  wallet_api_unavailable: [503, 'The wallet service does not answer'],
} as const satisfies Record<string, readonly [number, string]>;

export type ProblemCode = keyof typeof PROBLEMS;

/** One fault of a request, at the place where it was found: a JSON pointer into the body, a parameter or a header. */
export type Fault = { readonly code: FieldCode; readonly detail: string } & (
  { readonly pointer: string } | { readonly parameter: string } | { readonly header: string }
);

export interface ProblemOptions {
  readonly detail?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Further members of the problem, such as the id of the wallet that exists already. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** Seconds. Short, because what is down or overloaded now may be well at once; clients add their own backoff. */
const RETRY_AFTER = '1';

/** Thrown to end a request with a problem. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly code: ProblemCode | FieldCode;
  readonly options: ProblemOptions;

  constructor(code: ProblemCode | FieldCode, options: ProblemOptions = {}) {
    super(options.detail ?? code, { cause: options.cause });
    this.code = code;
    this.options = options;
  }
}

/** Longer names are told in `errors` alone. */
const NAME_SHOWN_MAX = 100;

/**
 * The problem of a request that does not validate. It has the code of the first fault and lists all of them; if PROBLEMS has that
 * code, it tells the first fault alone. The detail names the place of the first fault, so that it can be read without the list.
 */
export function faultyRequest(faults: readonly [Fault, ...Fault[]]): ProblemError {
  const [first] = faults;
  if (first.code in PROBLEMS) {
    return new ProblemError(first.code, { detail: first.detail });
  }
  const name = 'pointer' in first ? first.pointer.slice(1) : 'parameter' in first ? first.parameter : first.header;
  const isNamed = name !== '' && name.length <= NAME_SHOWN_MAX;
  const detail = isNamed ? `${name}: ${first.detail}` : first.detail;
  return new ProblemError(first.code, { detail, members: { errors: faults } });
}

export interface ProblemBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ProblemCode | FieldCode;
  readonly detail?: string;
  readonly instance?: string;
  readonly request_id: string;
}

/** The response to a problem: from the app, or from the server below it, which answers input that is not even HTTP. */
export function describeProblem(
  { code, options: { detail, headers = {}, members = {} } }: ProblemError,
  requestId: string,
  instance?: string,
): { status: number; headers: Record<string, string>; body: ProblemBody } {
  const [status, title] =
    code in PROBLEMS ? PROBLEMS[code as ProblemCode] : ([422, 'The request does not validate'] as const);
  return {
    status,
    headers: {
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      ...(status === 429 || status === 503 ? { 'Retry-After': RETRY_AFTER } : {}),
      ...headers,
    },
    body: {
      type: `urn:counterpoise:problem:${code}`,
      title,
      status,
      ...(detail === undefined ? {} : { detail }),
      ...(instance === undefined ? {} : { instance }),
      code,
      request_id: requestId,
      ...members,
    },
  };
}

/** Returns the response to any error thrown. An error that is no ProblemError is logged here, and only here. */
export function answerProblem(error: unknown, c: Context<ApiEnv>): Response {
  const problem = toProblem(error);
  if (problem.code === 'internal_error') c.var.log.error({ err: error }, 'a request failed');
  else if (problem.cause !== undefined)
    c.var.log.warn({ err: problem.cause, code: problem.code }, 'a dependency failed');
  const { status, headers, body } = describeProblem(problem, c.var.trace.requestId, c.req.path);
  return c.body(JSON.stringify(body), status as ContentfulStatusCode, headers);
}

function toProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  // Thrown by hono's own validators, for a body that readJson() has let through.
  if (error instanceof HTTPException && error.status === 415) return new ProblemError('unsupported_media_type');
  if (error instanceof HTTPException && error.status === 400) return new ProblemError('invalid_json');
  return new ProblemError('internal_error', { detail: 'The failure was logged under this request_id.' });
}

/** The status of a code, for the documentation. */
export function statusOf(code: ProblemCode | FieldCode): number {
  return code in PROBLEMS ? PROBLEMS[code as ProblemCode][0] : 422;
}

/** The title of a code, for the documentation. */
export function titleOf(code: ProblemCode | FieldCode): string {
  return code in PROBLEMS ? PROBLEMS[code as ProblemCode][1] : FIELD_FAULTS[code as FieldCode];
}
