/** The stable codes of a message that got no answer. */
import type { UrlRefusal } from './url-guard.ts';

/** Thrown into a connection attempt whose name leads to a forbidden address. */
export class UrlRefused extends Error {
  override readonly name = 'UrlRefused';
  readonly code: UrlRefusal['code'];

  constructor({ code, detail }: UrlRefusal) {
    super(detail);
    this.code = code;
  }
}

const CODES: readonly (readonly [RegExp, string])[] = [
  [/^ECONNREFUSED$/, 'connection_refused'],
  [/^(ECONNRESET|EPIPE|ECONNABORTED)$/, 'connection_reset'],
  [/^(EHOSTUNREACH|ENETUNREACH|ENETDOWN|ETIMEDOUT|EADDRNOTAVAIL)$/, 'unreachable'],
  [/^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|EPROTO)/, 'tls_failed'],
  [/^HPE_/, 'answer_invalid'],
];

/** The code of what a request threw. */
export function failureCode(error: unknown): string {
  if (error instanceof UrlRefused) return error.code;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return CODES.find(([pattern]) => pattern.test(code))?.[1] ?? 'connection_failed';
}
