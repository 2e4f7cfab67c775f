/**
 * What a call is, seen from either side of it. Everything above speaks in these words and nothing here does any work.
 *
 * Promises: a `Method` is resolved once and never changes; an `Invoke` either resolves with a `Reply` or rejects with
 * an `RpcError`; a `Middleware` sees every call of its side, and the first listed is the outermost, on client and
 * server alike.
 */
export {
  abortSource,
  type Call,
  type CallChanges,
  type HandlerCall,
  type Invoke,
  isHandlerCall,
  type Middleware,
  type Reply,
} from "./call.js";
export { type AbortListener, type AbortSource, Cancellation, type LazySignal } from "./cancellation.js";
export type { CallOptions, Client, Handlers } from "./client.js";
export { ContextKey, ContextValues } from "./context.js";
export { currentCall, runInCall } from "./current-call.js";
export type {
  DeepPartial,
  MessageType,
  MethodDefinition,
  RequestOf,
  ResponseOf,
  ServiceDefinition,
} from "./definition.js";
export { type Instance, type InstanceState, newInstanceId } from "./instance.js";
export type { Closeable } from "./lifecycle.js";
export { type Logger, silentLogger } from "./logger.js";
export { Metadata, type MetadataInit, type MetadataValue, namesOfHttp } from "./metadata.js";
export { type Idempotency, isInfrastructure, type Method, type MethodKind, methodsOf } from "./method.js";
export {
  isObservable,
  type ObservableStream,
  type StreamObserver,
  StreamObservers,
} from "./observable-stream.js";
export { type MessageSink, type PushingStream, pushTo } from "./pushing-stream.js";
export type { RegistrationState, RegistryEvent, RegistryMonitor } from "./registry-event.js";
export { RequestStream, type Steps, stepOf, stepsOf } from "./request-stream.js";
export { withMessage } from "./with-message.js";
