/** Every kind of fault that a run draws from. */
import { clockLeap } from './clock-leap-fault.ts';
import { connectionFaults } from './connection-faults.ts';
import { deployFault } from './deploy-fault.ts';
import type { FaultKind } from './fault.ts';
import { foreignWorker } from './foreign-worker-fault.ts';
import { freezeFaults } from './freeze-faults.ts';
import { groupFaults } from './group-faults.ts';
import { endedKey } from './key-fault.ts';
import { killFaults } from './kill-faults.ts';
import { migrationFault } from './migration-fault.ts';
import { forcedRefund } from './operator-fault.ts';
import { orderFaults } from './order-faults.ts';
import { overloadFault } from './overload-fault.ts';
import { pointFaults } from './point-faults.ts';
import { relayFaults } from './relay-faults.ts';
import { restoredShard } from './restored-shard-fault.ts';
import { statementFaults } from './statement-faults.ts';
import { webhookFaults } from './webhook-faults.ts';
import { workflowFaults } from './workflow-faults.ts';

export const FAULT_KINDS: readonly FaultKind[] = [
  ...killFaults,
  ...pointFaults,
  ...groupFaults,
  ...freezeFaults,
  ...connectionFaults,
  ...statementFaults,
  ...relayFaults,
  ...webhookFaults,
  ...workflowFaults,
  ...orderFaults,
  forcedRefund,
  endedKey,
  foreignWorker,
  restoredShard,
  clockLeap,
  deployFault,
  migrationFault,
  overloadFault,
];
