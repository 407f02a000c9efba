/** The kinds of values that settings have: how each is read from text, and what a wrong one is told to be. */
import { z } from 'zod';
import { isLoopback, parseAuthority, type Authority } from './authority.ts';

/** 0 means any free port. */
export const port = whole(0, 65_535);
export const postgresUrl = z
  .url({ protocol: /^postgres(ql)?$/, error: 'expected a postgres:// URL' })
  .refine(isVerifiedOrNamed, {
    error:
      'expected sslmode=verify-full in the URL of a database on another machine, or sslmode=disable or no-verify to say that its TLS is not wanted',
  });
export const namedUrl = z.string().transform((text, context): readonly [name: string, url: string] => {
  const [, name, url] = /^([a-z0-9-]+)=(.*)$/.exec(text) ?? [];
  const read = postgresUrl.safeParse(url);
  if (name !== undefined && read.success) return [name, read.data];
  const [fault] = name === undefined || !url!.startsWith('postgres') ? [] : (read.error?.issues ?? []);
  context.addIssue(fault?.message ?? 'expected a list of name=postgres://…');
  return z.NEVER;
});
export const authority = z.string().transform((text, context): Authority => {
  const parsed = parseAuthority(text);
  if (parsed !== undefined) return parsed;
  context.addIssue(`expected a host or host:port, not ${JSON.stringify(text)}`);
  return z.NEVER;
});
const sealingKey = z.string().transform((text, context): { readonly id: string; readonly key: Uint8Array } => {
  const [, id, base64] = /^([\w-]{1,32}):([A-Za-z0-9+/]{43}=)$/.exec(text) ?? [];
  if (id !== undefined) return { id, key: Buffer.from(base64!, 'base64') };
  context.addIssue('expected a list of id:key, each key 32 bytes in base64');
  return z.NEVER;
});
export const headers = z.string().transform((text, context): Readonly<Record<string, string>> => {
  const pairs = text.split(',').map((pair) => /^\s*([!#$%&'*+.^_`|~\w-]+)=(.*?)\s*$/.exec(pair));
  try {
    if (pairs.every((pair) => pair !== null))
      return Object.fromEntries(pairs.map(([, name, value]) => [name!, decodeURIComponent(value!)]));
  } catch {
    // A value that is not percent-encoded as it should be: the message below says what is expected.
  }
  context.addIssue('expected a list of name=value, the values percent-encoded');
  return z.NEVER;
});
export const apiKey = z
  .string()
  .regex(/^cpk_[0-9A-Za-z]{49}$/, { error: 'expected a key: cpk_ and 49 letters and digits' });
/** The present key first. */
export const sealingKeys = z
  .string()
  .transform((text) => text.split(/[\s,]+/).filter((part) => part !== ''))
  .pipe(z.tuple([sealingKey], sealingKey))
  .optional();

export const optionalText = z.string().min(1).optional();

/**
 * Whether nobody can stand in for the database: it is on this machine, or its certificate is verified. One who says otherwise by
 * name has decided so; `require` says neither, because its meaning differs between clients.
 */
function isVerifiedOrNamed(text: string): boolean {
  const { hostname, searchParams } = new URL(text);
  const host = searchParams.get('host') ?? decodeURIComponent(hostname);
  if (host === '' || host.startsWith('/') || isLoopback(host)) return true;
  return ['verify-full', 'disable', 'no-verify'].includes(searchParams.get('sslmode') ?? '');
}

export function whole(min: number, max: number) {
  return bounded(
    Number.isInteger,
    `a whole number ${max === Number.POSITIVE_INFINITY ? `of at least ${min}` : `from ${min} to ${max}`}`,
    min,
    max,
  );
}

/** Seconds, which may have a fraction. */
export function seconds(min: number, max: number) {
  return bounded(() => true, `seconds from ${min} to ${max}`, min, max);
}

export function ratio() {
  return bounded(() => true, 'a number from 0 to 1', 0, 1);
}

function bounded(isKind: (value: number) => boolean, expected: string, min: number, max: number) {
  const error = `expected ${expected}`;
  return z.coerce.number({ error }).refine((value) => isKind(value) && value >= min && value <= max, { error });
}

export function list<T extends z.ZodType<unknown, string>>(item: T) {
  return z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .pipe(z.array(item).min(1).max(256))
    .optional();
}
