/**
 * The routes of wallets: open, show, list, statement, balance at an instant, suspend and activate. Each wallet is in the
 * shard that its id names; a list merges all shards.
 */
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import type { Database } from '../../db/database.ts';
import {
  balanceAt,
  findWallet,
  listEntries,
  listWallets,
  mergedWallets,
  openWallet,
  setWalletStatus,
  type Wallet,
} from '../../db/wallet/wallet-queries.ts';
import { walletId } from '../../domain/derived-id.ts';
import type { WalletId } from '../../domain/ids.ts';
import { shardOf } from '../../domain/routing.ts';
import { askingTenant, byWhom } from '../http/acting.ts';
import { boundedQuery } from '../http/bounded-query.ts';
import { currencyField, instantField, walletIdField } from '../http/fields.ts';
import {
  creationPage,
  decodeCursor,
  listOf,
  pageOf,
  pageParameters,
  pageSchema,
  placeAfter,
} from '../http/pagination.ts';
import { ProblemError } from '../http/problem.ts';
import { BODY_PROBLEMS, PAGE_PROBLEMS, problemResponses } from '../http/problem-schema.ts';
import { readJson } from '../http/request-body.ts';
import type { ApiEnv } from '../http/env.ts';
import { faultCode } from '../http/validation.ts';
import { requiresInTenant } from '../http/scopes.ts';
import { balanceAnswer, entryAnswer, renderEntry, renderWallet, walletAnswer } from './answer.ts';
import { refuseUserId, walletExists } from './former-wallet.ts';
import { formsOf, userIdField, userIdOf, userIdParameter } from './user-id.ts';

const walletRequest = z
  .strictObject({ user_id: userIdField, currency: currencyField }, { error: faultCode('body_invalid') })
  .openapi('WalletRequest');

const tags = ['Wallets'];
const one = { params: z.object({ wallet_id: walletIdField }) };
const oneProblems = ['wallet_not_found', 'wallet_id_invalid', 'database_unavailable'] as const;
const walletResponse = (description: string) => ({
  description,
  content: { 'application/json': { schema: walletAnswer } },
});

const post = createRoute({
  method: 'post',
  path: '/v1/wallets',
  operationId: 'createWallet',
  summary: 'Open a wallet',
  tags,
  description:
    'A user has one wallet per currency: a second request is answered 409 with `wallet_id`, the id of the first wallet. No ' +
    'Idempotency-Key is needed.',
  middleware: [requiresInTenant('wallets:write'), readJson] as const,
  request: { body: { required: true, content: { 'application/json': { schema: walletRequest } } } },
  responses: {
    201: {
      ...walletResponse('Opened.'),
      headers: { Location: { schema: { type: 'string' }, description: 'The path of the wallet.' } },
    },
    ...problemResponses(
      'wallet_exists',
      ...BODY_PROBLEMS,
      'field_missing',
      'too_short',
      'too_long',
      'blank_at_edge',
      'character_forbidden',
      'currency_invalid',
      'database_unavailable',
    ),
  },
});

const get = createRoute({
  method: 'get',
  path: '/v1/wallets/{wallet_id}',
  operationId: 'getWallet',
  summary: 'A wallet',
  tags,
  middleware: requiresInTenant('wallets:read'),
  request: one,
  responses: { 200: walletResponse('The wallet as it is now.'), ...problemResponses(...oneProblems) },
});

const list = createRoute({
  method: 'get',
  path: '/v1/wallets',
  operationId: 'listWallets',
  summary: 'Wallets, newest first',
  tags,
  middleware: requiresInTenant('wallets:read'),
  request: { query: z.strictObject({ user_id: userIdParameter.optional(), ...pageParameters }) },
  responses: {
    200: { description: 'A page of wallets.', content: { 'application/json': { schema: pageSchema(walletAnswer) } } },
    ...problemResponses('text_invalid', 'too_short', 'too_long', ...PAGE_PROBLEMS, 'database_unavailable'),
  },
});

const getEntries = createRoute({
  method: 'get',
  path: '/v1/wallets/{wallet_id}/entries',
  operationId: 'listWalletEntries',
  summary: 'The statement of a wallet, newest first',
  tags,
  middleware: requiresInTenant('wallets:read'),
  request: { ...one, query: z.strictObject(pageParameters) },
  responses: {
    200: {
      description: 'A page of its ledger entries.',
      content: { 'application/json': { schema: pageSchema(entryAnswer) } },
    },
    ...problemResponses(...oneProblems, ...PAGE_PROBLEMS),
  },
});

const getBalance = createRoute({
  method: 'get',
  path: '/v1/wallets/{wallet_id}/balance',
  operationId: 'getWalletBalance',
  summary: 'The balance of a wallet, now or at an instant',
  tags,
  description: 'Before its first entry the balance was `0.0000`.',
  middleware: requiresInTenant('wallets:read'),
  request: { ...one, query: z.strictObject({ at: instantField.optional().openapi({ description: 'Default: now.' }) }) },
  responses: {
    200: {
      description: 'What could be spent at that instant.',
      content: { 'application/json': { schema: balanceAnswer } },
    },
    ...problemResponses(...oneProblems, 'instant_invalid', 'unknown_parameter'),
  },
});

const suspend = createRoute({
  method: 'post',
  path: '/v1/wallets/{wallet_id}/suspend',
  operationId: 'suspendWallet',
  summary: 'Stop a wallet from sending and receiving',
  tags,
  description: 'Refunds are still paid into it. A repeat changes nothing.',
  middleware: requiresInTenant('wallets:write'),
  request: one,
  responses: { 200: walletResponse('Suspended.'), ...problemResponses(...oneProblems) },
});

const activate = createRoute({
  method: 'post',
  path: '/v1/wallets/{wallet_id}/activate',
  operationId: 'activateWallet',
  summary: 'Let a wallet send and receive again',
  tags,
  description: 'A repeat changes nothing.',
  middleware: requiresInTenant('wallets:write'),
  request: one,
  responses: { 200: walletResponse('Active.'), ...problemResponses(...oneProblems) },
});

/** `shards`: the wallet databases, in the order of their numbers. */
export function walletRoutes(shards: readonly Database[]) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(post, async (c) => {
      const { user_id: sent, currency } = c.req.valid('json');
      const tenant = askingTenant(c);
      await refuseUserId(shards, tenant, sent, currency);
      const userId = userIdOf(sent);
      const id = walletId(userId, currency, tenant);
      c.var.log.setBindings({ wallet_id: id });
      const shard = shardFor(shards, id);
      const { isOpened, wallet } = await boundedQuery(
        shard,
        async () => ({
          isOpened: await openWallet(shard, { tenant, walletId: id, userId, currency }, byWhom(c)),
          wallet: await existing(c, shard, id),
        }),
        { isWrite: true },
      );
      if (!isOpened) throw walletExists(id);
      c.header('Location', `/v1/wallets/${id}`);
      return c.json(renderWallet(wallet), 201);
    })
    .openapi(get, async (c) => {
      const { wallet_id: id } = c.req.valid('param');
      c.var.log.setBindings({ wallet_id: id });
      const shard = shardFor(shards, id);
      return c.json(renderWallet(await boundedQuery(shard, () => existing(c, shard, id))), 200);
    })
    .openapi(list, async (c) => {
      const { user_id: userId, limit, cursor } = c.req.valid('query');
      const userIds = userId === undefined ? undefined : formsOf(userId);
      const filter = { tenant: askingTenant(c), userIds, after: placeAfter(c, cursor), limit: limit + 1 };
      const ofShards = await Promise.all(shards.map((shard) => boundedQuery(shard, () => listWallets(shard, filter))));
      const placeOf = ({ createdAt, walletId: id }: Wallet) => ({ createdAt, id });
      const page = { limit, placeOf, render: renderWallet };
      return c.json(creationPage(c, mergedWallets(ofShards, limit + 1), page), 200);
    })
    .openapi(getEntries, async (c) => {
      const { wallet_id: id } = c.req.valid('param');
      const { limit, cursor } = c.req.valid('query');
      c.var.log.setBindings({ wallet_id: id });
      const before = decodeCursor(listOf(c), z.int().positive(), cursor);
      const shard = shardFor(shards, id);
      const rows = await boundedQuery(shard, async () => {
        await existing(c, shard, id);
        return listEntries(shard, id, { before, limit: limit + 1 });
      });
      return c.json(
        pageOf(rows, { list: listOf(c), limit, render: renderEntry, cursorOf: (row) => row.sequence }),
        200,
      );
    })
    .openapi(getBalance, async (c) => {
      const { wallet_id: id } = c.req.valid('param');
      const { at } = c.req.valid('query');
      c.var.log.setBindings({ wallet_id: id });
      const shard = shardFor(shards, id);
      const { wallet, balance } = await boundedQuery(shard, async () => {
        const wallet = await existing(c, shard, id);
        return { wallet, balance: at === undefined ? wallet.balance : ((await balanceAt(shard, id, at)) ?? '0.0000') };
      });
      return c.json({ wallet_id: id, currency: wallet.currency, balance, at: (at ?? new Date()).toISOString() }, 200);
    })
    .openapi(suspend, async (c) => {
      const { wallet_id: id } = c.req.valid('param');
      c.var.log.setBindings({ wallet_id: id });
      return c.json(renderWallet(await setStatus(c, shardFor(shards, id), id, 'SUSPENDED')), 200);
    })
    .openapi(activate, async (c) => {
      const { wallet_id: id } = c.req.valid('param');
      c.var.log.setBindings({ wallet_id: id });
      return c.json(renderWallet(await setStatus(c, shardFor(shards, id), id, 'ACTIVE')), 200);
    });
}

function setStatus(c: Context<ApiEnv>, shard: Database, id: WalletId, status: Wallet['status']): Promise<Wallet> {
  return boundedQuery(
    shard,
    async () => {
      await setWalletStatus(shard, id, status, byWhom(c));
      return existing(c, shard, id);
    },
    { isWrite: true },
  );
}

/** A wallet of the tenant that asks. */
async function existing(c: Context<ApiEnv>, shard: Database, id: WalletId): Promise<Wallet> {
  const wallet = await findWallet(shard, id, askingTenant(c));
  if (wallet === undefined) throw new ProblemError('wallet_not_found', { detail: `There is no wallet ${id}.` });
  return wallet;
}

function shardFor(shards: readonly Database[], id: WalletId): Database {
  return shards[shardOf(id, shards.length)]!;
}
