import "reflect-metadata";
import { type ClientGrpcProxy, ClientProxyFactory } from "@nestjs/microservices";
import { firstValueFrom, map, type Observable, range, reduce } from "rxjs";
import type { Connect } from "../../echo.js";
import { grpcOptions } from "./options.js";

interface Echo {
  readonly payload: Buffer;
}

interface EchoService {
  unary(request: Echo): Observable<Echo>;
  serverStream(request: Echo & { readonly count: number }): Observable<Echo>;
  bidi(requests: Observable<Echo>): Observable<Echo>;
}

const receivedBytes = reduce<Echo, number>((bytes, { payload }) => bytes + payload.length, 0);

export const connect: Connect = async (address) => {
  const proxy = ClientProxyFactory.create(grpcOptions(address)) as unknown as ClientGrpcProxy;
  const echo = proxy.getService<EchoService>("EchoService");
  return {
    unary: async (payload) => (await firstValueFrom(echo.unary({ payload }))).payload.length,
    serverStream: (payload, count) => firstValueFrom(echo.serverStream({ payload, count }).pipe(receivedBytes)),
    bidi: (payload, count) =>
      firstValueFrom(echo.bidi(range(0, count).pipe(map(() => ({ payload })))).pipe(receivedBytes)),
  };
};
