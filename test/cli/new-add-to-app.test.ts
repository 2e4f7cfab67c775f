import { describe, expect, it } from "vitest";
import { addToApp } from "../../src/cli/new/add-to-app.js";

const billing = { identifier: "billing", module: "./billing/billing.js" };

/** An app file with this list of services. */
function listing(list: string): string {
  return `import { defineApp } from "hawser";\nimport { orders } from "./orders.js";\n\nexport default defineApp({\n  ${list},\n});\n`;
}

function added(list: string): unknown {
  const source = addToApp(listing(list), billing);
  return typeof source === "string" ? source.split("defineApp({\n  ")[1]?.replace(/,\n\}\);\n$/, "") : source;
}

describe("a service is put into an app file", () => {
  it.each([
    ["services: [orders]", "services: [orders, billing]"],
    ["services: [orders, stock]", "services: [orders, stock, billing]"],
    ["services: []", "services: [billing]"],
    ["services: [orders],\n  replicas: { orders: 2 }", "services: [orders, billing],\n  replicas: { orders: 2 }"],
    ["name: 'services: [a]', services: [orders]", "name: 'services: [a]', services: [orders, billing]"],
    ["services: [\n    orders,\n    stock,\n  ]", "services: [\n    orders,\n    stock,\n    billing,\n  ]"],
    ["services: [\n    orders,\n    stock\n  ]", "services: [\n    orders,\n    stock,\n    billing,\n  ]"],
    ["/*\n  services: [old]\n*/ services: [orders]", "/*\n  services: [old]\n*/ services: [orders, billing]"],
    ["note: `\n services: [old]`, services: [orders]", "note: `\n services: [old]`, services: [orders, billing]"],
    ["note: 'of billing', services: [orders]", "note: 'of billing', services: [orders, billing]"],
    ["services: [\n    orders, stock,\n  ]", "services: [\n    orders, stock, billing\n  ]"],
    ["// services: [old]\n  services: [orders]", "// services: [old]\n  services: [orders, billing]"],
  ])("%j becomes %j", (given, expected) => {
    expect(added(given)).toBe(expected);
  });

  it("behind the last import, in the style of it", () => {
    const source =
      "import {\n  defineApp\n} from 'hawser'\nimport { orders } from './orders.js'\nconst services: [] = 1\n";
    const given = source.replace("const services: [] = 1", "export default defineApp({ services: [orders] })");
    expect(addToApp(given, billing)).toBe(
      "import {\n  defineApp\n} from 'hawser'\nimport { orders } from './orders.js'\nimport { billing } from './billing/billing.js'\n" +
        "export default defineApp({ services: [orders, billing] })\n",
    );
  });

  it.each([
    ["services: [orders, ...others]", "more than names"],
    ["services: [orders, make()]", "more than names"],
    ["services: [orders /* the first */]", "more than names"],
    ["services: all", "there are 0"],
    ["services", "there are 0"],
    ["services: [orders], other: { services: [stock] }", "there are 2"],
    ["// services: [orders]\n  services", "there are 0"],
    ["services: [orders], billing: true", "there is a billing already"],
  ])("or the file is left alone, with the reason: %j", (given, unexpected) => {
    expect(added(given)).toEqual({ unexpected: expect.stringContaining(unexpected) });
  });

  it("or the file is left alone where it imports nothing, or does so later", () => {
    expect(addToApp("export default { services: [] };\n", billing)).toEqual({ unexpected: "it has no import" });
    const late = 'export default { services: [] };\nimport "./late.js";\n';
    expect(addToApp(late, billing)).toEqual({ unexpected: "there is an import behind the list of services" });
  });
});
