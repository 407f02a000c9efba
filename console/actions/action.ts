/** An action: one operation of the API that a person does from a page, with what the person is told before. */
import type { ComponentChildren } from 'preact';
import { ROUTES, type Client, type InputOf, type OperationName } from '../../client/client.ts';
import { curlOf } from '../format/curl.ts';
import { unitsOf } from '../format/amount.ts';
import type { Seen } from '../format/difference.ts';

export interface Action {
  /** What it does and to what, by which a try of it is known again. */
  readonly id: string;
  /** On the button: a verb and what it is done to, `Cancel the transfer`. */
  readonly title: string;
  /** What it does to money, in whole sentences. */
  readonly effect: ComponentChildren;
  /** The money that it moves or gives up; a large amount has to be typed. */
  readonly money?: { readonly amount: string; readonly currency: string } | undefined;
  readonly isComment?: boolean;
  /** Whether the API keeps whom the person acts for. */
  readonly isForOthers: boolean;
  /** What is looked at again before it is done: if that has changed, the person sees how, and decides anew. */
  readonly look?: (client: Client, signal?: AbortSignal) => Promise<Seen>;
  readonly send: (client: Client, given: Given) => Promise<unknown>;
  readonly curl: (given: Given) => string;
}

export interface Given {
  readonly comment: string;
  /** '' for nobody: the key says who decides. */
  readonly onBehalfOf: string;
  /** The same for each try of one decision, so that it is done once. */
  readonly idempotencyKey: string;
}

interface Told extends Pick<Action, 'title' | 'effect' | 'money' | 'isComment' | 'look'> {}

const NOTHING_GIVEN: Given = { comment: '', onBehalfOf: '', idempotencyKey: '' };

/** `inputOf` is given the comment; the actor and the key go with the request's headers. */
export function actionOf<Name extends OperationName>(
  operation: Name,
  inputOf: (given: Given) => InputOf<Name>,
  told: Told,
): Action {
  const {
    method,
    path,
    headers: known,
  }: { method: string; path: string; headers: readonly string[] } = ROUTES[operation];
  return {
    ...told,
    id: `${operation} ${JSON.stringify(inputOf(NOTHING_GIVEN))}`,
    isForOthers: known.includes('x-actor'),
    send: (client, given) => {
      const { onBehalfOf, idempotencyKey } = given;
      // Bounds the wait for what goes on after the decision; the page shows it go on.
      return client.call(operation, inputOf(given), {
        idempotencyKey,
        waitSeconds: 5,
        ...(onBehalfOf === '' ? {} : { onBehalfOf }),
      });
    },
    curl: (given) => {
      const input = inputOf(given) as { path?: Record<string, string>; body?: unknown };
      return curlOf({
        origin: location.origin,
        method,
        path,
        parameters: input.path ?? {},
        headers: {
          ...(known.includes('x-actor') && given.onBehalfOf !== '' ? { 'X-Actor': given.onBehalfOf } : {}),
          ...(known.includes('idempotency-key') ? { 'Idempotency-Key': given.idempotencyKey } : {}),
        },
        body: input.body,
      });
    },
  };
}

/** From so much on, whatever the currency, an amount has to be typed before it is moved or given up. */
const LARGE = unitsOf('1000')!;

export function isLarge(money: Action['money']): boolean {
  return money !== undefined && (unitsOf(money.amount) ?? 0n) >= LARGE;
}
