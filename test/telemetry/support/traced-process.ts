/** A process of its own that serves one call under telemetry; what it prints are its log lines. */
import { trace } from "@opentelemetry/api";
import { createLogger, serverTelemetry, startTelemetry } from "../../../src/telemetry/telemetry.js";
import { FakeHandlerCall, methodOf, replyWith } from "./fake-call.js";

const logger = createLogger({ service: "orders" });
const serve = serverTelemetry()(async () => {
  logger.info({}, "handling");
  return replyWith("pong");
});
const serveOne = () => serve(new FakeHandlerCall({ method: methodOf("unary") }));

const options = { serviceName: "orders", serviceVersion: "1.2.3", instanceId: "orders-1", logger, flushTimeoutMs: 500 };
const scenarios: { readonly [name: string]: () => Promise<void> } = {
  async once() {
    const telemetry = await startTelemetry(options);
    await serveOne();
    await telemetry.close();
    await telemetry.close();
  },
  /** Does not wait for what the exporter still holds open. */
  async hurried() {
    await scenarios["once"]?.();
    logger.info({}, "done");
    process.exit(0);
  },
  async shared() {
    const first = await startTelemetry(options);
    const second = await startTelemetry({ ...options, serviceName: "inventory" });
    await first.close();
    await serveOne();
    await second.close();
    logger.info({ recording: trace.getTracer("test").startSpan("late").isRecording() }, "closed");
  },
  async scraped() {
    const telemetry = await startTelemetry(options);
    await serveOne();
    const response = await fetch(`http://127.0.0.1:${process.env["OTEL_EXPORTER_PROMETHEUS_PORT"]}/metrics`);
    logger.info({ metrics: await response.text() }, "scraped");
    await telemetry.close();
  },
  async again() {
    await (await startTelemetry(options)).close();
    const telemetry = await startTelemetry(options);
    await serveOne();
    await telemetry.close();
  },
};

await scenarios[process.argv[2] as string]?.();
logger.info({}, "done");
