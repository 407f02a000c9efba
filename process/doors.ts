/**
 * How an API may listen: in plain HTTP on loopback, and elsewhere with TLS of its own, or behind a proxy that is named. Anything else
 * would send keys and amounts in the clear without anybody having decided so.
 */
import { isLoopback, parseAuthority } from './authority.ts';
import { SettingsError, type Settings } from './config.ts';

type DoorSettings = Pick<Settings, 'HOST' | 'TLS_CERT' | 'TLS_KEY' | 'TRUSTED_PROXIES'>;

/** The certificate and key for serveHttp; undefined for plain HTTP. Throws a SettingsError that says what is missing. */
export function doorsOf({ HOST: host, TLS_CERT: cert, TLS_KEY: key, TRUSTED_PROXIES: proxies }: DoorSettings) {
  if ((cert === undefined) !== (key === undefined))
    throw new SettingsError('TLS_CERT_FILE and TLS_KEY_FILE have to be set, or neither');
  if (cert !== undefined && key !== undefined) return { cert, key };
  const authority = parseAuthority(host.includes(':') ? `[${host}]` : host);
  if (proxies === undefined && !(authority !== undefined && isLoopback(authority.host)))
    throw new SettingsError(
      `HOST is ${host}, which others can reach: set TLS_CERT_FILE and TLS_KEY_FILE, or with TRUSTED_PROXIES the addresses of the proxy that ends TLS`,
    );
  return undefined;
}
