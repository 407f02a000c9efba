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

/** Throws the problem of a request that has faults; @hono/zod-openapi calls it after every validation. */
export function refuseFaulty(
  result: { readonly target: string } & (
    { readonly success: true } | { readonly success: false; readonly error: z.ZodError }
  ),
): void {
  if (result.success) return;
  const faults = result.error.issues.flatMap((issue) => faultsOf(issue, result.target)).slice(0, FAULTS_MAX);
  throw faultyRequest(faults as [Fault, ...Fault[]]);
}

/** A fault at a place within a JSON body. Give a `detail` if more is known than the code's own sentence says. */
export function bodyFault(code: FieldCode, path: readonly PropertyKey[], detail: string = FIELD_FAULTS[code]): Fault {
  return { pointer: pointerOf(path), code, detail };
}

function faultsOf(issue: z.core.$ZodIssue, target: string): Fault[] {
  if (issue.code === 'unrecognized_keys') {
    const code = target === 'json' ? 'unknown_field' : 'unknown_parameter';
    return issue.keys.slice(0, FAULTS_MAX).map((key) => faultAt(target, [...issue.path, key], code));
  }
  const code = issue.message in FIELD_FAULTS ? (issue.message as FieldCode) : 'value_invalid';
  return [faultAt(target, issue.path, code)];
}

function faultAt(target: string, path: readonly PropertyKey[], code: FieldCode): Fault {
  if (target === 'json') return bodyFault(code, path);
  const name = String(path[0] ?? '');
  const detail = FIELD_FAULTS[code];
  return target === 'header' ? { header: name, code, detail } : { parameter: name, code, detail };
}

/** RFC 6901. */
function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
