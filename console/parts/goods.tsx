/** Lines of goods in one line of a table, cut short to the eye where they are many, and whole as its title. */
export function Goods({ of }: { of: readonly { readonly sku: string; readonly quantity: number }[] }) {
  const text = of.map(({ sku, quantity }) => `${quantity} × ${sku}`).join(', ');
  return (
    <span class="brief goods" title={text}>
      {text}
    </span>
  );
}
