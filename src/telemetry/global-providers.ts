import {
  createNoopMeter,
  type Meter,
  type MeterProvider,
  metrics,
  ProxyTracerProvider,
  type TracerProvider,
  trace,
} from "@opentelemetry/api";
import { scopeName } from "./names.js";

/** What the API gives out while no SDK is there. */
const noTracerProvider = new ProxyTracerProvider().getDelegate();

/** The provider behind the API's stand-in; undefined until one is registered. */
export function realTracerProvider(provider: TracerProvider = trace.getTracerProvider()): TracerProvider | undefined {
  const real = "getDelegate" in provider ? (provider as ProxyTracerProvider).getDelegate() : provider;
  return real === noTracerProvider ? undefined : real;
}

/** Our meter of a provider; undefined where the provider keeps nothing. */
export function realMeter(provider: MeterProvider = metrics.getMeterProvider()): Meter | undefined {
  const meter = provider.getMeter(scopeName);
  return meter === createNoopMeter() ? undefined : meter;
}
