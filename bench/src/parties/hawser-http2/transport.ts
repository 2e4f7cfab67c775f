export { grpcJsTransport as http2Transport } from "../../../../dist/transport/grpc-js/grpc-js.js";
