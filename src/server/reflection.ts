import type { ServiceDefinition } from "../contract/contract.js";
import { Code } from "../errors/errors.js";
import type { ServerReflectionRequest, ServerReflectionResponse } from "../gen/grpc/reflection/v1/reflection.js";
import { DescriptorIndex } from "./descriptor-index.js";

type Answer = NonNullable<ServerReflectionResponse["messageResponse"]>;

/** What `grpc.reflection.v1` and `v1alpha` both are: the same messages under two names. */
export interface ReflectionHandlers {
  serverReflectionInfo(requests: AsyncIterable<ServerReflectionRequest>): AsyncIterable<ServerReflectionResponse>;
}

/** Server reflection out of the raw descriptors of the contracts; the files are read when somebody first asks. */
export function reflection(contracts: () => readonly ServiceDefinition[]): ReflectionHandlers {
  let index: DescriptorIndex | undefined;
  return {
    async *serverReflectionInfo(requests) {
      for await (const request of requests) {
        index ??= new DescriptorIndex(contracts());
        const messageResponse = answer(request, index, contracts());
        yield { validHost: request.host, originalRequest: request, messageResponse };
      }
    },
  };
}

function answer(
  { messageRequest }: ServerReflectionRequest,
  index: DescriptorIndex,
  contracts: readonly ServiceDefinition[],
): Answer {
  switch (messageRequest?.$case) {
    case "listServices":
      return {
        $case: "listServicesResponse",
        value: { service: contracts.map(({ fullName }) => ({ name: fullName })) },
      };
    case "fileByFilename":
      return files(index.fileByName(messageRequest.value), `file ${messageRequest.value}`);
    case "fileContainingSymbol":
      return files(index.fileBySymbol(messageRequest.value), `symbol ${messageRequest.value}`);
    case "fileContainingExtension": {
      const { containingType, extensionNumber } = messageRequest.value;
      return files(
        index.fileByExtension(containingType, extensionNumber),
        `extension ${extensionNumber} of ${containingType}`,
      );
    }
    case "allExtensionNumbersOfType": {
      const extensionNumber = index.extensionNumbers(messageRequest.value);
      if (extensionNumber === undefined) return missing(`message ${messageRequest.value}`);
      return {
        $case: "allExtensionNumbersResponse",
        value: { baseTypeName: messageRequest.value, extensionNumber: [...extensionNumber] },
      };
    }
    default:
      return error(Code.INVALID_ARGUMENT, "the request asks for nothing");
  }
}

function files(found: readonly Uint8Array[] | undefined, what: string): Answer {
  if (found === undefined) return missing(what);
  return { $case: "fileDescriptorResponse", value: { fileDescriptorProto: found.map((bytes) => Buffer.from(bytes)) } };
}

function missing(what: string): Answer {
  return error(Code.NOT_FOUND, `no ${what} on this server`);
}

function error(errorCode: Code, errorMessage: string): Answer {
  return { $case: "errorResponse", value: { errorCode, errorMessage } };
}
