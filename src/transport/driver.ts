/**
 * What a transport is built of: a driver of one's own finds here everything that is the same on every road.
 */
export { type ParsedAddress, parseAddress } from "./address.js";
export { CallGuard } from "./call-guard.js";
export { ClosingListener } from "./closing-listener.js";
export { IncomingCall, type IncomingCallOptions } from "./incoming-call.js";
export { MessageStream, type MessageStreamOwner } from "./message-stream.js";
export {
  requestNotDecodable,
  requestNotEncodable,
  requestsFailed,
  responseNotDecodable,
  responseNotEncodable,
} from "./misfit.js";
export { receivedTrailer } from "./received-trailer.js";
export { type ResponseSink, serve } from "./serve.js";
export { type Share, sharedByAddress } from "./shared-by-address.js";
