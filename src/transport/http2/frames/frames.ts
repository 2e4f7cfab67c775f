/**
 * Frames: how everything on an HTTP/2 connection is cut (RFC 9113 §4 and §6).
 *
 * Promises: what is read is told once and in order, whatever pieces it arrived in; no payload is copied but for a
 * frame that two reads share; what breaks a rule of the frame's own shape is a `ConnectionError`.
 */
export { connectionPreface, defaultMaxFrameBytes, Flag, FrameType, frameHeaderBytes } from "./frame.js";
export { FrameReader, type FrameSink, paddingOf } from "./frame-reader.js";
export {
  putFrameHeader,
  writeGoaway,
  writePing,
  writeResetStream,
  writeSettings,
  writeWindowUpdate,
} from "./frame-writer.js";
