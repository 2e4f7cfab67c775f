import type { AddressInfo } from "node:net";
import { front } from "./front.js";

front.listen(Number(process.env.PORT ?? 8080), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${(front.address() as AddressInfo).port}`);
});
process.once("SIGTERM", () => front.close());
