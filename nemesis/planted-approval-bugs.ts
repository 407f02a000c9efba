/** Bugs of approvals, each as edits of a build. They must be caught by what the nemesis always checks. */
import type { PlantedBug } from './planted-bugs.ts';

export const PLANTED_APPROVAL_BUGS = {
  'path-past-approvals': {
    what: 'a path skips the check of approvals: what is scheduled needs none',
    edits: [
      {
        file: 'db/transfer/functions/refuse_unapproved.sql',
        find: `WHERE ended_at IS NULL AND amount > above`,
        replace: `WHERE ended_at IS NULL AND scheduled_at IS NULL AND amount > above`,
      },
    ],
    faults: [],
    clientsAtOnce: 4,
    hasApprovals: true,
  },

  'batch-judged-by-items': {
    what: 'a batch needs no approval by its sum, but by its items alone',
    edits: [
      {
        file: 'db/transfer/functions/refuse_unapproved.sql',
        find: `transfers.currency = batches.currency) > above`,
        replace: `transfers.currency = batches.currency) < 0`,
      },
    ],
    faults: [],
    clientsAtOnce: 4,
    hasApprovals: true,
  },

  'own-vote-counts': {
    what: 'who has asked for a transfer votes on it too',
    edits: [
      {
        file: 'db/transfer/functions/cast_vote.sql',
        find: `  ELSIF approval.asked_by_id = p_principal_id AND p_vote = 'approve' THEN
    outcome := 'own';
    RETURN;
`,
        replace: '',
      },
      {
        file: 'db/transfer/functions/has_enough_votes.sql',
        find: `
    AND principal_id IS DISTINCT FROM approval.asked_by_id`,
        replace: '',
      },
      // The API refuses it besides, because who has asked could act for itself.
      {
        file: 'api/transfer/approval.ts',
        find: `if (!isOfAsker) return makers;`,
        replace: `return makers;`,
      },
    ],
    faults: [],
    clientsAtOnce: 4,
    hasApprovals: true,
  },

  'anybody-votes': {
    what: 'the votes of who was not granted them count',
    edits: [
      {
        file: 'db/transfer/functions/cast_vote.sql',
        find: `AND present_roll IS NOT NULL AND NOT`,
        replace: `AND false AND NOT`,
      },
    ],
    faults: [],
    clientsAtOnce: 4,
    hasApprovals: true,
  },
} satisfies Record<string, PlantedBug>;
