/** The calls about API keys, and about the principals that they belong to. */
import type { BodyOf, Calls } from './call.ts';
import type { CallOptions } from './transport.ts';

export function keyCalls({ call, listing }: Calls) {
  const at = (api_key_id: string) => ({ path: { api_key_id } });
  return {
    /** The answer has the secret, which is not shown again; it is null if an earlier try has made the key: then rotate or revoke it. */
    create: (body: BodyOf<'createApiKey'>, callOptions?: CallOptions) => call('createApiKey', { body }, callOptions),
    get: (id: string, callOptions?: CallOptions) => call('getApiKey', at(id), callOptions),
    ...listing('listApiKeys'),
    /** Returns another key with the same rights; the former one stays valid for `overlap` seconds. A key is rotated once. */
    rotate: (id: string, body: BodyOf<'rotateApiKey'> = {}, callOptions?: CallOptions) =>
      call('rotateApiKey', { ...at(id), body }, callOptions),
    /** Once it returns, every process of the API refuses the key. */
    revoke: (id: string, callOptions?: CallOptions) => call('revokeApiKey', at(id), callOptions),
  };
}

/** The console's signing in, on the machine of the API alone. */
export function consoleSessionCalls({ call }: Calls) {
  return {
    /** A link that signs in once; its secret is in the fragment of `path`. */
    createLink: (callOptions?: CallOptions) => call('createConsoleLink', {}, callOptions),
    /** Takes the link, and returns a key. It takes effect once: a call whose answer is lost has used the link up. */
    create: (link: string, callOptions?: CallOptions) => call('createConsoleSession', { body: { link } }, callOptions),
  };
}

export function principalCalls({ call, listing }: Calls) {
  return {
    create: (body: BodyOf<'createPrincipal'>, callOptions?: CallOptions) =>
      call('createPrincipal', { body }, callOptions),
    ...listing('listPrincipals'),
  };
}

/** Of the installation: for keys of the tenant `default` alone. */
export function tenantCalls({ call, listing }: Calls) {
  return {
    /** The answer has the secret of the tenant's root key, which is not shown again: `replaceRootKey` is for who has lost it. */
    create: (name: string, callOptions?: CallOptions) => call('createTenant', { body: { name } }, callOptions),
    ...listing('listTenants'),
    /** Once it returns, every process of the API refuses the former one. */
    replaceRootKey: (tenant: string, callOptions?: CallOptions) =>
      call('replaceTenantRootKey', { path: { tenant } }, callOptions),
  };
}
