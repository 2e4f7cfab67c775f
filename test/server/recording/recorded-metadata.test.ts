import { describe, expect, it } from "vitest";
import { Metadata } from "../../../src/contract/contract.js";
import { recordedMetadata } from "../../../src/server/recording/recorded-metadata.js";

/** What is written of one key. */
function written(key: string): readonly string[] | undefined {
  const value = key.endsWith("-bin") ? Buffer.from("value") : "value";
  return recordedMetadata(new Metadata({ [key]: value }), new Set())[key];
}

describe("recorded metadata", () => {
  it.each([
    "authorization",
    "proxy-authorization",
    "x-authorisation",
    "x-auth",
    "x-auth-user",
    "x-authtoken",
    "auth0",
    "bearer",
    "x-access-token-v2",
    "apitoken",
    "csrf-token",
    "x-csrf",
    "xsrf",
    "session",
    "x-session-id",
    "sessionid",
    "connect.sid",
    "x-client-secret",
    "x-secret-bin",
    "set-cookie",
    "cookies",
    "x-credentials",
    "password",
    "passwd",
    "passphrase",
    "x-passcode",
    "x-pass",
    "pwd",
    "x-pin",
    "otp",
    "x-otp-code",
    "otpcode",
    "x-totp",
    "x-goog-iap-jwt-assertion",
    "cf-access-jwt-assertion",
    "x-saml-assertion",
    "x-hub-signature-256",
    "x-sig",
    "x-hmac-sha256",
    "x-api-key",
    "apikey",
    "x-myapikey-2",
    "api_key",
    "x-access-key-id",
    "accesskey",
    "x-passkey",
    "ssh-private-key-bin",
    "x-key",
  ])("does not have what stands under %s", (key) => {
    expect(written(key)).toEqual(["[REDACTED]"]);
  });

  it.each([
    "x-author",
    "co-authors",
    "x-authority",
    "x-secretary",
    "x-footprint",
    "x-hotpath",
    "x-monkey",
    "x-keyboard",
    "x-compass",
    "x-passenger",
    "x-shipping",
    "x-pinned",
    "x-design",
    "x-tenant",
    "x-request-id",
    "traceparent",
    "tracestate",
    "baggage",
  ])("has what stands under %s", (key) => {
    expect(written(key)).toEqual(["value"]);
  });
});
