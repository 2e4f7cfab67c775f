import type { Strategy } from "../spec.js";
import type { Member } from "./member.js";

/** The members that are started again where one has failed: that member, and the siblings the strategy adds but for idle ones. */
export function affectedBy(failed: Member, members: readonly Member[], strategy: Strategy): readonly Member[] {
  switch (strategy) {
    case "one_for_one":
      return [failed];
    case "one_for_all":
      return members.filter(({ idle }) => !idle);
    case "rest_for_one":
      return members.slice(members.indexOf(failed)).filter(({ idle }) => !idle);
  }
}
