//! The interop server, on tonic: --port=10000 --use_tls=false --tls_cert_file=server.pem --tls_key_file=server.key
//!
//! It compresses whole calls alone: tonic cannot leave out single messages of a stream.

mod contract;

use std::pin::Pin;

use contract::test_service_server::{TestService, TestServiceServer};
use contract::*;
use http_body_util::BodyExt;
use tokio_stream::{Stream, StreamExt};
use tonic::body::Body;
use tonic::codec::CompressionEncoding::Gzip;
use tonic::codegen::{StdError, http};
use tonic::service::Routes;
use tonic::transport::{Identity, Server, ServerTlsConfig};
use tonic::{Code, Request, Response, Status, Streaming};
use tower::{ServiceExt, layer::layer_fn, service_fn};

type Responses = Pin<Box<dyn Stream<Item = Result<StreamingOutputCallResponse, Status>> + Send>>;

struct Interop;

#[tonic::async_trait]
impl TestService for Interop {
    async fn empty_call(&self, _request: Request<Empty>) -> Result<Response<Empty>, Status> {
        Ok(Response::new(Empty {}))
    }

    async fn unary_call(&self, request: Request<SimpleRequest>) -> Result<Response<SimpleResponse>, Status> {
        let request = request.into_inner();
        fail_as_told(request.response_status)?;
        let payload = zeros(request.response_size as usize);
        let mut response = Response::new(SimpleResponse { payload, ..SimpleResponse::default() });
        if !request.response_compressed.is_some_and(|compressed| compressed.value) {
            response.disable_compression();
        }
        Ok(response)
    }

    type StreamingOutputCallStream = Responses;

    async fn streaming_output_call(
        &self,
        request: Request<StreamingOutputCallRequest>,
    ) -> Result<Response<Responses>, Status> {
        let only = tokio_stream::once(Ok(request.into_inner()));
        Ok(Response::new(answers(only)))
    }

    async fn streaming_input_call(
        &self,
        request: Request<Streaming<StreamingInputCallRequest>>,
    ) -> Result<Response<StreamingInputCallResponse>, Status> {
        let mut requests = request.into_inner();
        let mut size = 0;
        while let Some(request) = requests.message().await? {
            size += request.payload.map_or(0, |payload| payload.body.len());
        }
        Ok(Response::new(StreamingInputCallResponse { aggregated_payload_size: size as i32 }))
    }

    type FullDuplexCallStream = Responses;

    async fn full_duplex_call(
        &self,
        request: Request<Streaming<StreamingOutputCallRequest>>,
    ) -> Result<Response<Responses>, Status> {
        Ok(Response::new(answers(request.into_inner())))
    }

    async fn cacheable_unary_call(&self, _: Request<SimpleRequest>) -> Result<Response<SimpleResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    type HalfDuplexCallStream = Responses;

    async fn half_duplex_call(
        &self,
        _: Request<Streaming<StreamingOutputCallRequest>>,
    ) -> Result<Response<Responses>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn unimplemented_call(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        Err(Status::unimplemented(""))
    }
}

fn fail_as_told(status: Option<EchoStatus>) -> Result<(), Status> {
    match status {
        Some(EchoStatus { code, message }) if code != 0 => Err(Status::new(Code::from(code), message)),
        _ => Ok(()),
    }
}

fn answers(
    mut requests: impl Stream<Item = Result<StreamingOutputCallRequest, Status>> + Send + Unpin + 'static,
) -> Responses {
    Box::pin(async_stream::try_stream! {
        while let Some(request) = requests.next().await {
            let request = request?;
            fail_as_told(request.response_status)?;
            for ResponseParameters { size, .. } in request.response_parameters {
                yield StreamingOutputCallResponse { payload: zeros(size as usize) };
            }
        }
    })
}

/// Metadata comes back in the header, and in the trailer, of which handlers of tonic know nothing.
async fn echo_metadata(routes: Routes, request: http::Request<Body>) -> Result<http::Response<Body>, StdError> {
    let initial = request.headers().get(INITIAL).cloned();
    let trailing = request.headers().get(TRAILING).cloned();
    let mut response = routes.oneshot(request).await?;
    if let Some(value) = initial {
        response.headers_mut().insert(INITIAL, value);
    }
    Ok(response.map(|body| {
        Body::new(body.map_frame(move |mut frame| {
            if let (Some(trailers), Some(value)) = (frame.trailers_mut(), &trailing) {
                trailers.insert(TRAILING, value.clone());
            }
            frame
        }))
    }))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let flags = Flags::read();
    let mut server = Server::builder();
    if flags.use_tls() {
        let pair = Identity::from_pem(flags.file("tls_cert_file"), flags.file("tls_key_file"));
        server = server.tls_config(ServerTlsConfig::new().identity(pair))?;
    }
    let echo = layer_fn(|routes: Routes| service_fn(move |request| echo_metadata(routes.clone(), request)));
    let service = TestServiceServer::new(Interop).accept_compressed(Gzip).send_compressed(Gzip);
    server.layer(echo).add_service(service).serve(format!("127.0.0.1:{}", flags.get("port")).parse()?).await?;
    Ok(())
}
