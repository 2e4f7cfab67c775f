export interface Article {
  readonly sku: string;
  readonly title: string;
  readonly priceCents: number;
  readonly shelf: string;
  /** How many there were when the shop opened. */
  readonly stock: number;
}

export const catalog: readonly Article[] = [
  { sku: "teapot", title: "Teapot, cast iron", priceCents: 4900, shelf: "A3", stock: 100_000 },
  { sku: "cup", title: "Cup, porcelain", priceCents: 1250, shelf: "A4", stock: 100_000 },
  { sku: "green-tea", title: "Green tea, 100 g", priceCents: 890, shelf: "C1", stock: 100_000 },
  { sku: "samovar", title: "Samovar, Tula 1904", priceCents: 129_000, shelf: "D9", stock: 3 },
];
