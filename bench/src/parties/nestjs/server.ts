import "reflect-metadata";
import { Controller, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { GrpcMethod, GrpcStreamMethod } from "@nestjs/microservices";
import { type Observable, range } from "rxjs";
import { map } from "rxjs/operators";
import type { Serve } from "../../echo.js";
import { freePort } from "../../free-port.js";
import type { ServerStreamRequest, UnaryRequest } from "../../gen/ts-proto/bench/v1/echo.js";
import { grpcOptions } from "./options.js";

type Echo = { readonly payload: Buffer };

@Controller()
class EchoController {
  @GrpcMethod("EchoService", "Unary")
  unary({ payload }: UnaryRequest): Echo {
    return { payload };
  }

  @GrpcMethod("EchoService", "ServerStream")
  serverStream({ payload, count }: ServerStreamRequest): Observable<Echo> {
    return range(0, count).pipe(map(() => ({ payload })));
  }

  @GrpcStreamMethod("EchoService", "Bidi")
  bidi(requests: Observable<Echo>): Observable<Echo> {
    return requests.pipe(map(({ payload }) => ({ payload })));
  }
}

@Module({ controllers: [EchoController] })
class EchoModule {}

export const serve: Serve = async () => {
  const address = `127.0.0.1:${await freePort()}`;
  const app = await NestFactory.createMicroservice(EchoModule, { ...grpcOptions(address), logger: ["error"] });
  await app.listen();
  return { address };
};
