/** The translation of a zod schema's issues into a problem that lists every fault with its code and its place. */
import type { z } from 'zod';
import { FIELD_FAULTS, type FieldCode } from './field-codes.ts';
import { faultyRequest, type Fault } from './problem.ts';

/** A problem lists the first faults of a request, at most this many. */
export const FAULTS_MAX = 20;

/** Returns the `error` of a schema: `code` for a wrong value, `ifMissing` for a missing one. */
export function faultCode(code: FieldCode, ifMissing: FieldCode = 'field_missing') {
  return ({ input }: { readonly input?: unknown }): FieldCode => (input === undefined ? ifMissing : code);
}

/** Returns the `error` of a schema for a code whose own sentence does not say what is allowed there. */
export function faultSaying(code: FieldCode, detail: string): string {
  return `${code}${SAYING}${detail}`;
}

/** It is in no code. */
const SAYING = ': ';

/** Throws the problem of a request that has faults; @hono/zod-openapi calls it after every validation. */
export function refuseFaulty(
  result: { readonly target: string } & (
    { readonly success: true } | { readonly success: false; readonly error: z.ZodError }
  ),
): void {
  if (result.success) return;
  const faults = distinct(result.error.issues.flatMap((issue) => faultsOf(issue, result.target))).slice(0, FAULTS_MAX);
  throw faultyRequest(faults as [Fault, ...Fault[]]);
}

/** The faults of a part of a JSON body that was judged by itself; `path` leads to it. */
export function bodyFaultsOf(error: z.ZodError, path: readonly PropertyKey[]): Fault[] {
  return distinct(error.issues.flatMap((issue) => faultsOf({ ...issue, path: [...path, ...issue.path] }, 'json')));
}

/** A fault at a place within a JSON body. Give a `detail` if more is known than the code's own sentence says. */
export function bodyFault(code: FieldCode, path: readonly PropertyKey[], detail: string = FIELD_FAULTS[code]): Fault {
  return { pointer: pointerOf(path), code, detail };
}

/** Each fault once: a number beyond every bound breaks several, which have one code. */
function distinct(faults: readonly Fault[]): Fault[] {
  return [...new Map(faults.map((fault) => [JSON.stringify(fault), fault])).values()];
}

function faultsOf(issue: z.core.$ZodIssue, target: string): Fault[] {
  if (issue.code === 'unrecognized_keys') {
    const code = target === 'json' ? 'unknown_field' : 'unknown_parameter';
    return issue.keys.slice(0, FAULTS_MAX).map((key) => faultAt(target, [...issue.path, key], code));
  }
  const [said, ...saying] = issue.message.split(SAYING);
  const code = said! in FIELD_FAULTS ? (said as FieldCode) : 'value_invalid';
  const detail = saying.length > 0 ? saying.join(SAYING) : detailOf(code, issue, target);
  return [faultAt(target, issue.path, code, detail)];
}

/** Says `parameter` of what is no field, and names the values that are allowed, where they depend on the place. */
function detailOf(code: FieldCode, issue: z.core.$ZodIssue, target: string): string {
  if (code === 'field_missing' && target !== 'json') return 'The parameter is required.';
  const isListed = code === 'status_invalid' || code === 'action_invalid';
  return isListed && issue.code === 'invalid_value' ? `Must be one of ${issue.values.join(', ')}.` : FIELD_FAULTS[code];
}

function faultAt(
  target: string,
  path: readonly PropertyKey[],
  code: FieldCode,
  detail: string = FIELD_FAULTS[code],
): Fault {
  if (target === 'json') return bodyFault(code, path, detail);
  const name = String(path[0] ?? '');
  return target === 'header' ? { header: name, code, detail } : { parameter: name, code, detail };
}

/** RFC 6901. */
function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
