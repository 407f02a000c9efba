/** The way from what a zod schema finds to the problem that is answered: every fault with its code and its place. */
import type { z } from 'zod';
import { FIELD_FAULTS, type FieldCode } from './field-codes.ts';
import { faultyRequest, type Fault } from './problem.ts';

/** A request that has more faults is told of the first ones. */
export const FAULTS_MAX = 20;

/** The `error` of a schema: its code for a wrong value, `field_missing` (or what is given) for none. */
export function faultCode(code: FieldCode, ifMissing: FieldCode = 'field_missing') {
  return ({ input }: { readonly input?: unknown }): FieldCode => (input === undefined ? ifMissing : code);
}

/** Ends a request with its faults; what @hono/zod-openapi calls after every validation. */
export function refuseFaulty(
  result: { readonly target: string } & (
    { readonly success: true } | { readonly success: false; readonly error: z.ZodError }
  ),
): void {
  if (result.success) return;
  const faults = result.error.issues.flatMap((issue) => faultsOf(issue, result.target)).slice(0, FAULTS_MAX);
  throw faultyRequest(faults as [Fault, ...Fault[]]);
}

/** A fault at a place within a JSON body; `detail` where more is known than the code says. */
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
