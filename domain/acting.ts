/** Who has decided something. */
export interface Acting {
  /** The name of the principal whose key it was. */
  readonly actor: string;
  /** Whom the request says that the principal acts for. */
  readonly onBehalfOf?: string | undefined;
}
