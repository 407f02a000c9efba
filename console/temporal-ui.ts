/** Where Temporal's Web UI has the history of a workflow; undefined where the API was not told where that is. */
const workflows = document.documentElement.dataset['temporalUi'];

export function historyOf(workflowId: string): string | undefined {
  return workflows === undefined ? undefined : `${workflows}/${encodeURIComponent(workflowId)}`;
}
