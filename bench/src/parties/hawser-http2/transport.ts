export { http2Transport } from "../../../../dist/transport/http2/http2.js";
