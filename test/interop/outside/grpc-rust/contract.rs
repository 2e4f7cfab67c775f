//! What client and server have in common: the contract, and the flags that interop programs are given.

use std::collections::HashMap;

tonic::include_proto!("grpc.testing");

pub const INITIAL: &str = "x-grpc-test-echo-initial";
pub const TRAILING: &str = "x-grpc-test-echo-trailing-bin";

/// `--name=value`
pub struct Flags(HashMap<String, String>);

impl Flags {
    pub fn read() -> Self {
        let pairs = std::env::args().filter_map(|flag| {
            let (name, value) = flag.strip_prefix("--")?.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        });
        Self(pairs.collect())
    }

    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).unwrap_or_else(|| panic!("--{name} is missing"))
    }

    /// The text of a file.
    pub fn file(&self, name: &str) -> String {
        let path = self.get(name);
        std::fs::read_to_string(path).unwrap_or_else(|error| panic!("--{name}={path}: {error}"))
    }

    pub fn use_tls(&self) -> bool {
        self.get("use_tls") == "true"
    }
}

pub fn zeros(size: usize) -> Option<Payload> {
    Some(Payload { body: vec![0; size], ..Payload::default() })
}
