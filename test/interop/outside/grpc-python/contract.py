"""The contract grpc.testing as Python reads it, and the methods of its service."""

import pathlib
import tempfile

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_tools import protoc


def _load():
    protos = pathlib.Path(__file__).parents[2] / "proto"
    with tempfile.NamedTemporaryFile() as file:
        flags = [f"--proto_path={protos}", "--include_imports", f"--descriptor_set_out={file.name}"]
        if protoc.main(["protoc", *flags, "grpc/testing/test.proto"]) != 0:
            raise SystemExit("the contract cannot be read")
        files = descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(file.name).read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return pool


_pool = _load()


def message(name):
    """The class of a message: `SimpleRequest`."""
    return message_factory.GetMessageClass(_pool.FindMessageTypeByName(f"grpc.testing.{name}"))


def methods(service="TestService"):
    """By name: path, class of the request, class of the response, and the kind as grpcio calls it: `unary_stream`."""
    for method in _pool.FindServiceByName(f"grpc.testing.{service}").methods:
        kind = "_".join("stream" if streams else "unary" for streams in (method.client_streaming, method.server_streaming))
        request, response = (message_factory.GetMessageClass(type) for type in (method.input_type, method.output_type))
        yield method.name, f"/grpc.testing.{service}/{method.name}", request, response, kind
