"""
The interop client, on grpcio: --server_host=127.0.0.1 --server_port=10000 --use_tls=false --ca_file=ca.pem --test_case=large_unary

The cases are those of https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md. One that goes wrong ends
the program with exit code 1.
"""

import argparse
import pathlib
import queue

import grpc

from contract import methods

INITIAL, TRAILING = "x-grpc-test-echo-initial", "x-grpc-test-echo-trailing-bin"
REQUEST_SIZES, RESPONSE_SIZES = [27182, 8, 1828, 45904], [31415, 9, 2653, 58979]
SPECIAL_MESSAGE = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"


class Client:
    """Calls each method by its name, with a request written as a dictionary."""

    def __init__(self, args):
        address = f"{args.server_host}:{args.server_port}"
        options = [(name, int(value)) for name, value in (option.split("=") for option in args.channel_option)]
        if args.use_tls == "true":
            credentials = grpc.ssl_channel_credentials(args.ca_file.read_bytes())
            self.channel = grpc.secure_channel(address, credentials, options)
        else:
            self.channel = grpc.insecure_channel(address, options)
        for service in "TestService", "UnimplementedService":
            for name, path, request, response, kind in methods(service):
                call = getattr(self.channel, kind)(path, request.SerializeToString, response.FromString)
                setattr(self, name if service == "TestService" else f"{service}_{name}", call)
                setattr(self, f"{name}Request", request)


def zeros(size):
    return {"body": bytes(size)}


def check(real, expected):
    if real != expected:
        raise AssertionError(f"expected {expected!r}, was {real!r}")


def check_zeros(response, size):
    check(response.payload.body, bytes(size))


def check_failure(call, code, message=None):
    try:
        list(call()) if callable(call) else call.result()
    except grpc.RpcError as error:
        check(error.code(), code)
        if message is not None:
            check(error.details(), message)
    else:
        raise AssertionError(f"expected {code}, and all went well")


def empty_unary(client):
    check(client.EmptyCall(client.EmptyCallRequest()).ByteSize(), 0)


def large_request(client, **more):
    return client.UnaryCallRequest(response_size=314159, payload=zeros(271828), **more)


def large_unary(client):
    check_zeros(client.UnaryCall(large_request(client)), 314159)


def client_compressed_unary_noprobe(client):
    for compress in True, False:
        request = large_request(client, expect_compressed={"value": compress})
        compression = grpc.Compression.Gzip if compress else grpc.Compression.NoCompression
        check_zeros(client.UnaryCall(request, compression=compression), 314159)


def client_compressed_streaming_noprobe(client):
    """grpcio cannot leave out single messages: all of them are compressed."""
    requests = [client.StreamingInputCallRequest(payload=zeros(size)) for size in (27182, 45904)]
    response = client.StreamingInputCall(iter(requests), compression=grpc.Compression.Gzip)
    check(response.aggregated_payload_size, 73086)


def client_streaming(client):
    requests = [client.StreamingInputCallRequest(payload=zeros(size)) for size in REQUEST_SIZES]
    check(client.StreamingInputCall(iter(requests)).aggregated_payload_size, 74922)


def server_streaming(client):
    parameters = [{"size": size} for size in RESPONSE_SIZES]
    responses = list(client.StreamingOutputCall(client.StreamingOutputCallRequest(response_parameters=parameters)))
    check([len(each.payload.body) for each in responses], RESPONSE_SIZES)


def duplex_request(client, request_size, response_size):
    return client.FullDuplexCallRequest(response_parameters=[{"size": response_size}], payload=zeros(request_size))


def ping_pong(client):
    requests = queue.SimpleQueue()
    responses = client.FullDuplexCall(iter(requests.get, None))
    for request_size, response_size in zip(REQUEST_SIZES, RESPONSE_SIZES):
        requests.put(duplex_request(client, request_size, response_size))
        check_zeros(next(responses), response_size)
    requests.put(None)
    check(list(responses), [])


def empty_stream(client):
    check(list(client.FullDuplexCall(iter([]))), [])


def custom_metadata(client):
    value = "test_initial_metadata_value"
    metadata = [(INITIAL, value), (TRAILING, b"\xab\xab\xab")]
    _, unary = client.UnaryCall.with_call(large_request(client), metadata=metadata)
    duplex = client.FullDuplexCall(iter([duplex_request(client, 271828, 314159)]), metadata=metadata)
    check_zeros(next(duplex), 314159)
    check(list(duplex), [])
    for call in unary, duplex:
        check(dict(call.initial_metadata())[INITIAL], value)
        check(dict(call.trailing_metadata())[TRAILING], b"\xab\xab\xab")


def expect_status(client, message):
    status = {"code": 2, "message": message}
    check_failure(client.UnaryCall.future(client.UnaryCallRequest(response_status=status)), grpc.StatusCode.UNKNOWN, message)
    request = client.FullDuplexCallRequest(response_status=status)
    check_failure(lambda: client.FullDuplexCall(iter([request])), grpc.StatusCode.UNKNOWN, message)


def status_code_and_message(client):
    expect_status(client, "test status message")


def special_status_message(client):
    expect_status(client, SPECIAL_MESSAGE)


def unimplemented_method(client):
    call = client.UnimplementedCall.future(client.UnimplementedCallRequest())
    check_failure(call, grpc.StatusCode.UNIMPLEMENTED)


def unimplemented_service(client):
    call = client.UnimplementedService_UnimplementedCall.future(client.UnimplementedCallRequest())
    check_failure(call, grpc.StatusCode.UNIMPLEMENTED)


def cancel_after_begin(client):
    call = client.StreamingInputCall.future(iter(queue.SimpleQueue().get, None))
    call.cancel()
    check((call.cancelled(), call.code()), (True, grpc.StatusCode.CANCELLED))


def cancel_after_first_response(client):
    requests = queue.SimpleQueue()
    requests.put(duplex_request(client, 27182, 31415))
    responses = client.FullDuplexCall(iter(requests.get, None))
    check_zeros(next(responses), 31415)
    responses.cancel()
    check_failure(lambda: responses, grpc.StatusCode.CANCELLED)
    requests.put(None)


def timeout_on_sleeping_server(client):
    requests = queue.SimpleQueue()
    requests.put(client.FullDuplexCallRequest(payload=zeros(27182)))
    check_failure(lambda: client.FullDuplexCall(iter(requests.get, None), timeout=0.001), grpc.StatusCode.DEADLINE_EXCEEDED)
    requests.put(None)


def rpc_soak(client):
    for _ in range(10):
        large_unary(client)


def channel_soak(_client):
    for _ in range(10):
        client = Client(args)
        large_unary(client)
        client.channel.close()


def concurrent_large_unary(client):
    calls = [client.UnaryCall.future(large_request(client)) for _ in range(200)]
    for call in calls:
        check_zeros(call.result(), 314159)


flags = argparse.ArgumentParser()
flags.add_argument("--server_host", default="127.0.0.1")
flags.add_argument("--server_port", type=int, required=True)
flags.add_argument("--use_tls", default="false")
flags.add_argument("--ca_file", type=pathlib.Path)
flags.add_argument("--test_case", required=True)
flags.add_argument("--channel_option", action="append", default=[], help="grpc.keepalive_time_ms=100")
args, _of_no_meaning_here = flags.parse_known_args()
globals()[args.test_case](Client(args))
