/**
 * Every kind of fault that a run draws from. Imported by run.ts and tests.
 */
import type { FaultKind } from './fault.ts';
import { killFaults } from './kill-faults.ts';

export const FAULT_KINDS: readonly FaultKind[] = [...killFaults];
