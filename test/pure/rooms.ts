/** The shape of an import rule, and the rule that all layers share: a room for each service. */
export interface Rule {
  /**
   * Folders, which end in a slash, or files; `folder/*` stands for the files that lie in a folder itself. The first rule that
   * fits a file is its rule.
   */
  readonly of: string | readonly string[];
  /** As `of`; besides packages and, as `node:`, what Node brings. */
  readonly may: readonly string[];
  /** What may be imported by `import type` alone. */
  readonly mayTypes?: readonly string[];
}

const ORDERS = ['order', 'inventory', 'delivery', 'accounting'] as const;
export const SERVICES = ['wallet', 'transfer', 'events', ...ORDERS, 'access'] as const;
export type Service = (typeof SERVICES)[number];

/** The rooms of a layer: each service's may import itself, what the layer shares, the domain, and no other service's room. */
export function rooms(
  layer: string,
  shared: readonly string[],
  own: (service: Service) => readonly string[],
  mayTypes: (service: Service) => readonly string[] = () => [],
): Rule[] {
  return SERVICES.map((service) => ({
    of: `${layer}/${service}/`,
    may: [`${layer}/${service}/`, 'domain/', ...shared, ...own(service)],
    mayTypes: mayTypes(service),
  }));
}
