import { prefix } from "./picture.js";

export function keyOf(service: string, id: string): string {
  return `${prefix}/${service}/${id}`;
}

/** As Hawser keeps an instance of a usual service. */
export function instanceJson(service: string, id: string): string {
  return JSON.stringify({
    id,
    service,
    version: "1.4.2",
    endpoints: ["grpc://10.0.0.7:50051"],
    contracts: [`shop.${service.replace("-", "")}.v1.Service`],
    metadata: { team: "checkout", commit: "3f9c1a07b2d4" },
    weight: 100,
    zone: "eu-west-1a",
    state: "STATE_SERVING",
    startedAt: "2026-02-03T04:05:06.789Z",
  });
}
