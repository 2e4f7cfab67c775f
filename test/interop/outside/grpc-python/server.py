"""The interop server, on grpcio: --port=10000 --use_tls=false --tls_cert_file=server.pem --tls_key_file=server.key"""

import argparse
import concurrent.futures
import pathlib

import grpc

from contract import message, methods

SimpleResponse, Empty = message("SimpleResponse"), message("Empty")
StreamingInputCallResponse = message("StreamingInputCallResponse")
StreamingOutputCallResponse = message("StreamingOutputCallResponse")

INITIAL, TRAILING = "x-grpc-test-echo-initial", "x-grpc-test-echo-trailing-bin"
codes = {code.value[0]: code for code in grpc.StatusCode}


def echo_metadata(context):
    received = context.invocation_metadata()
    context.send_initial_metadata([(key, value) for key, value in received if key == INITIAL])
    context.set_trailing_metadata([(key, value) for key, value in received if key == TRAILING])


def fail_as_told(request, context):
    if request.response_status.code != 0:
        context.abort(codes[request.response_status.code], request.response_status.message)


def compress_as_told(parameter, context):
    if not parameter.value:
        context.disable_next_message_compression()


def empty_call(_request, _context):
    return Empty()


def unary_call(request, context):
    context.set_compression(grpc.Compression.Gzip)
    echo_metadata(context)
    fail_as_told(request, context)
    compress_as_told(request.response_compressed, context)
    return SimpleResponse(payload={"body": bytes(request.response_size)})


def answers(request, context):
    fail_as_told(request, context)
    for parameters in request.response_parameters:
        compress_as_told(parameters.compressed, context)
        yield StreamingOutputCallResponse(payload={"body": bytes(parameters.size)})


def streaming_output_call(request, context):
    context.set_compression(grpc.Compression.Gzip)
    yield from answers(request, context)


def streaming_input_call(requests, _context):
    return StreamingInputCallResponse(aggregated_payload_size=sum(len(each.payload.body) for each in requests))


def full_duplex_call(requests, context):
    context.set_compression(grpc.Compression.Gzip)
    echo_metadata(context)
    for request in requests:
        yield from answers(request, context)


handlers = {
    "EmptyCall": empty_call,
    "UnaryCall": unary_call,
    "StreamingOutputCall": streaming_output_call,
    "StreamingInputCall": streaming_input_call,
    "FullDuplexCall": full_duplex_call,
}


def service():
    return grpc.method_handlers_generic_handler(
        "grpc.testing.TestService",
        {
            name: getattr(grpc, f"{kind}_rpc_method_handler")(
                handlers[name],
                request_deserializer=request.FromString,
                response_serializer=response.SerializeToString,
            )
            for name, _path, request, response, kind in methods()
            if name in handlers
        },
    )


def main():
    flags = argparse.ArgumentParser()
    flags.add_argument("--port", type=int, required=True)
    flags.add_argument("--use_tls", default="false")
    flags.add_argument("--tls_cert_file", type=pathlib.Path)
    flags.add_argument("--tls_key_file", type=pathlib.Path)
    args = flags.parse_args()

    server = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=16))
    server.add_generic_rpc_handlers((service(),))
    address = f"127.0.0.1:{args.port}"
    if args.use_tls == "true":
        pair = (args.tls_key_file.read_bytes(), args.tls_cert_file.read_bytes())
        server.add_secure_port(address, grpc.ssl_server_credentials([pair]))
    else:
        server.add_insecure_port(address)
    server.start()
    server.wait_for_termination()


main()
