/** The calls about webhook endpoints: URLs to which events are delivered. */
import type { BodyOf, Calls, QueryOf } from './call.ts';
import type { CallOptions } from './transport.ts';

export function webhookCalls({ call, each, listing }: Calls) {
  const at = (webhook_endpoint_id: string) => ({ path: { webhook_endpoint_id } });
  return {
    /** The answer has the secret, which is not shown again. A call that got no answer may have created one: look at the list. */
    create: (body: BodyOf<'createWebhookEndpoint'>, callOptions?: CallOptions) =>
      call('createWebhookEndpoint', { body }, callOptions),
    get: (id: string, callOptions?: CallOptions) => call('getWebhookEndpoint', at(id), callOptions),
    ...listing('listWebhookEndpoints'),
    /** Changes what is given; `status` pauses and resumes it. */
    update: (id: string, body: BodyOf<'updateWebhookEndpoint'>, callOptions?: CallOptions) =>
      call('updateWebhookEndpoint', { ...at(id), body }, callOptions),
    delete: (id: string, callOptions?: CallOptions) => call('deleteWebhookEndpoint', at(id), callOptions),
    /** Sends a test event, and returns what the receiver made of it. */
    test: (id: string, callOptions?: CallOptions) => call('testWebhookEndpoint', at(id), callOptions),
    /** Returns the new secret; the one of until now signs too for `expires_in` seconds, and earlier ones until their own time. */
    rotateSecret: (id: string, body: BodyOf<'rotateWebhookSecret'> = {}, callOptions?: CallOptions) =>
      call('rotateWebhookSecret', { ...at(id), body }, callOptions),
    enable: (id: string, body: BodyOf<'enableWebhookEndpoint'> = {}, callOptions?: CallOptions) =>
      call('enableWebhookEndpoint', { ...at(id), body }, callOptions),
    /** Those that did not succeed at first, newest events first. */
    deliveries: (id: string, query: QueryOf<'listWebhookDeliveries'> = {}, callOptions?: CallOptions) =>
      call('listWebhookDeliveries', { ...at(id), query }, callOptions),
    allDeliveries: (id: string, query: QueryOf<'listWebhookDeliveries'> = {}, callOptions?: CallOptions) =>
      each('listWebhookDeliveries', { ...at(id), query }, callOptions),
    /** With its attempts. */
    delivery: (webhook_endpoint_id: string, position: number, callOptions?: CallOptions) =>
      call('getWebhookDelivery', { path: { webhook_endpoint_id, position } }, callOptions),
    /** Sends the events of a range again. */
    replay: (id: string, body: BodyOf<'createWebhookReplay'>, callOptions?: CallOptions) =>
      call('createWebhookReplay', { ...at(id), body }, callOptions),
    /** The newest first. */
    replays: (id: string, query: QueryOf<'listWebhookReplays'> = {}, callOptions?: CallOptions) =>
      call('listWebhookReplays', { ...at(id), query }, callOptions),
    allReplays: (id: string, query: QueryOf<'listWebhookReplays'> = {}, callOptions?: CallOptions) =>
      each('listWebhookReplays', { ...at(id), query }, callOptions),
    getReplay: (webhook_endpoint_id: string, replay_id: string, callOptions?: CallOptions) =>
      call('getWebhookReplay', { path: { webhook_endpoint_id, replay_id } }, callOptions),
  };
}
