import type { StandardSchemaV1 } from "@standard-schema/spec";
import { describe, expectTypeOf, test } from "vitest";
import { z } from "zod";
import type { Config, ConfigOf } from "../../src/config/config.js";

declare const config: Config;
const schema = z.object({ maxLines: z.coerce.number().default(10), folder: z.string().optional() });

describe("config.section", () => {
  test("answers what the schema makes, not what it takes", () => {
    expectTypeOf(config.section("orders", schema)).resolves.toEqualTypeOf<{
      maxLines: number;
      folder?: string | undefined;
    }>();
  });

  test("answers an object without keys where there is no schema", () => {
    expectTypeOf(config.section("orders")).resolves.toEqualTypeOf<Readonly<Record<string, never>>>();
    expectTypeOf(config.section("orders", undefined)).resolves.toEqualTypeOf<Readonly<Record<string, never>>>();
  });

  test("takes no value that is no schema", () => {
    // @ts-expect-error an object of defaults is no schema
    void config.section("orders", { maxLines: 10 });
  });
});

test("ConfigOf is what a service gets, for whoever writes code that does not know its schema", () => {
  expectTypeOf<ConfigOf<typeof schema>["maxLines"]>().toEqualTypeOf<number>();
  expectTypeOf<ConfigOf<StandardSchemaV1<unknown, Date>>>().toEqualTypeOf<Date>();
  expectTypeOf<ConfigOf<undefined>>().toEqualTypeOf<Readonly<Record<string, never>>>();
});
