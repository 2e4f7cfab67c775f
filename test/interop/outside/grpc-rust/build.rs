//! The contract as Rust reads it, made without protoc.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let protos = "../../proto";
    println!("cargo::rerun-if-changed={protos}");
    let files = protox::compile(["grpc/testing/test.proto"], [protos])?;
    tonic_prost_build::configure().compile_fds(files)?;
    Ok(())
}
