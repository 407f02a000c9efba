/** `counterpoise approvals` and `counterpoise approval-policies`: what a second person has to agree to. */
import { Option, type Command } from 'commander';
import type { Approval, ApprovalPolicy, ApprovalWithVotes } from '../../client/client.ts';
import {
  APPROVAL_STATUSES,
  APPROVALS_MAX,
  EXPIRES_SECONDS_MAX,
  EXPIRES_SECONDS_MIN,
  VOTES,
  type ApprovalStatus,
  type Vote,
} from '../../domain/transfer/approval.ts';
import { fields, listedTable, status, table } from './output.ts';
import { openSession } from './session.ts';
import { given, LIMIT_HELP, listed, LISTED_DEFAULT, seconds, whole } from './values.ts';

interface SetOptions {
  readonly above?: string;
  readonly above24h?: string;
  readonly approvals?: number;
  readonly expiresIn?: number;
}

const SAID: Readonly<Record<Vote, string>> = {
  approve: 'approve what somebody else has asked for, as it is now',
  reject: 'reject it, as it is now: a transfer or a batch ends CANCELED',
  override: 'let it go without the approvals that it needs, in an emergency: it raises an alarm',
};

export function addApprovalCommands(program: Command): void {
  const approvals = program.command('approvals').description('what waits for a second person');
  approvals
    .command('list')
    .description('list what waits for approvals or has waited, newest first')
    .addOption(new Option('--status <status>', 'only those of this status').choices(APPROVAL_STATUSES))
    .option('--limit <count>', LIMIT_HELP, listed, LISTED_DEFAULT)
    .action(async (options: { status?: ApprovalStatus; limit: number }, command: Command) => {
      const { client, print } = openSession(command);
      const { data, next_cursor } = await client.approvals.list({
        ...given({ status: options.status }),
        limit: options.limit,
      });
      print(data, () =>
        listedTable(next_cursor, ['APPROVAL', 'KIND', 'STATUS', 'ASKED BY', ' AMOUNT', ''], data.map(rowOf)),
      );
    });
  approvals
    .command('show <approval-id>')
    .description('show what waits, with the votes')
    .action(async (id: string, _options: object, command: Command) => {
      const { client, print } = openSession(command);
      const shown = await client.approvals.get(id);
      print(shown, () => describeApproval(shown));
    });
  for (const vote of VOTES)
    approvals
      .command(`${vote} <approval-id>`)
      .description(SAID[vote])
      .requiredOption('--comment <text>', 'the reason, which is kept for ever')
      .action(async (id: string, { comment }: { comment: string }, command: Command) => {
        const { client, print } = openSession(command);
        const { body_hash, policy_version } = await client.approvals.get(id);
        const voted = await client.approvals[vote](id, { body_hash, policy_version, comment });
        print(voted, () => describeApproval(voted));
      });
  addPolicyCommands(program);
}

function addPolicyCommands(program: Command): void {
  const policies = program.command('approval-policies').description('which transfers need approvals, by currency');
  policies
    .command('list')
    .description('list the policies that hold')
    .action(async (_options: object, command: Command) => {
      const { client, print } = openSession(command);
      const { data } = await client.approvalPolicies.list();
      print(data, () => describePolicies(data));
    });
  policies
    .command('set <currency>')
    .description('set which transfers need approvals; in place of what holds now, once as many agree as that demands')
    .option('--above <amount>', 'those of more')
    .option('--above-24h <amount>', 'those by which a wallet has sent more in 24 hours')
    .option('--approvals <count>', 'how many principals have to approve', whole('a whole number', 1, APPROVALS_MAX))
    .option('--expires-in <seconds>', 'how long one waits', seconds(EXPIRES_SECONDS_MIN, EXPIRES_SECONDS_MAX))
    .action(async (currency: string, options: SetOptions, command: Command) => {
      const { client, print } = openSession(command);
      const { above, above24h: above_24h, approvals, expiresIn: expires_in } = options;
      const version = versionOf(currency, (await client.approvalPolicies.list()).data);
      const body = { version, ...given({ above, above_24h, approvals, expires_in }) };
      const set = await client.approvalPolicies.set(currency, body);
      print(set, () => ('approval_id' in set ? describeApproval(set) : describePolicies([set])));
    });
  policies
    .command('end <currency>')
    .description('have no transfer in a currency need approvals any more, once as many agree as the policy demands')
    .action(async (currency: string, _options: object, command: Command) => {
      const { client, print } = openSession(command);
      const version = versionOf(currency, (await client.approvalPolicies.list()).data);
      const waiting = await client.approvalPolicies.end(currency, { version });
      print(waiting, () => describeApproval(waiting));
    });
}

function versionOf(currency: string, policies: readonly ApprovalPolicy[]): number {
  return policies.find((policy) => policy.currency === currency)?.version ?? 0;
}

function rowOf({ approval_id: id, kind, status: is, asked_by: by, amount, currency }: Approval): string[] {
  return [id, kind, status(is), by ?? '', amount ?? '', currency];
}

/** What waits, what it would do, and who has voted. */
export function describeApproval({ votes, ...approval }: ApprovalWithVotes): string {
  const { approval_id, kind, status: is, amount, currency, asked_by, needed, expires_at, decided_at } = approval;
  const shown = fields({
    ...{ [kind === 'transfer' ? kind : 'approval']: approval_id, status: status(is) },
    ...(kind === 'transfer' ? {} : { 'would do': kind, ...approval.proposal }),
    ...{ amount: amount === null ? null : `${amount} ${currency}`, 'asked by': asked_by },
    ...{ needed: String(needed), expires: expires_at, decided: decided_at },
  });
  if (votes.length === 0) return shown;
  const cast = votes.map(({ at, principal, vote, counts, comment }) => [
    at,
    principal,
    counts ? vote : `(${vote})`,
    comment,
  ]);
  return `${shown}\n\n${table(['AT', 'PRINCIPAL', 'VOTE', 'COMMENT'], cast)}`;
}

function describePolicies(policies: readonly ApprovalPolicy[]): string {
  if (policies.length === 0) return 'no transfer needs approvals';
  const row = ({ currency, above, above_24h, approvals, set_by }: ApprovalPolicy) => [
    ...[currency, above ?? '', above_24h ?? '', String(approvals), set_by],
  ];
  return table(['CURRENCY', ' ABOVE', ' IN 24 HOURS', ' APPROVALS', 'SET BY'], policies.map(row));
}
