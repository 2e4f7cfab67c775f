//! The interop client, on tonic: --server_host=127.0.0.1 --server_port=10000 --use_tls=false --ca_file=ca.pem --test_case=large_unary
//!
//! The cases are those of https://github.com/grpc/grpc/blob/master/doc/interop-test-descriptions.md. One that goes wrong ends
//! the program with another exit code than 0. Who calls off a call in tonic drops it and hears no more of it: that all is
//! well is said by the next call over the same connection.

mod contract;

use std::fmt::Debug;
use std::time::Duration;

use contract::test_service_client::TestServiceClient;
use contract::unimplemented_service_client::UnimplementedServiceClient;
use contract::*;
use tokio::task::JoinSet;
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use tonic::codec::CompressionEncoding::Gzip;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Extensions, Request, Response, Status};

type Client = TestServiceClient<Channel>;
type Done = Result<(), Box<dyn std::error::Error>>;

const REQUEST_SIZES: [usize; 4] = [27182, 8, 1828, 45904];
const RESPONSE_SIZES: [usize; 4] = [31415, 9, 2653, 58979];

fn check_zeros(payload: Option<Payload>, size: usize) {
    let body = payload.expect("a payload").body;
    assert_eq!(body.len(), size);
    assert!(body.iter().all(|&byte| byte == 0));
}

fn check_failure<T: Debug>(outcome: Result<T, Status>, code: Code) -> Status {
    let status = outcome.expect_err("a failure");
    assert_eq!(status.code(), code, "{status:?}");
    status
}

fn large_request() -> SimpleRequest {
    SimpleRequest { response_size: 314159, payload: zeros(271828), ..SimpleRequest::default() }
}

fn input(size: usize) -> StreamingInputCallRequest {
    StreamingInputCallRequest { payload: zeros(size), ..StreamingInputCallRequest::default() }
}

fn parameters(size: usize) -> ResponseParameters {
    ResponseParameters { size: size as i32, ..ResponseParameters::default() }
}

fn duplex_request(request_size: usize, response_size: usize) -> StreamingOutputCallRequest {
    StreamingOutputCallRequest {
        response_parameters: vec![parameters(response_size)],
        payload: zeros(request_size),
        ..StreamingOutputCallRequest::default()
    }
}

async fn empty_unary(mut client: Client) -> Done {
    assert_eq!(client.empty_call(Empty {}).await?.into_inner(), Empty {});
    Ok(())
}

async fn large_unary(mut client: Client) -> Done {
    check_zeros(client.unary_call(large_request()).await?.into_inner().payload, 314159);
    Ok(())
}

async fn client_compressed_unary_noprobe(client: Client) -> Done {
    large_unary(client.clone().send_compressed(Gzip).accept_compressed(Gzip)).await?;
    large_unary(client).await
}

/// tonic cannot leave out single messages: all of them are compressed.
async fn client_compressed_streaming_noprobe(client: Client) -> Done {
    let requests = tokio_stream::iter([input(27182), input(45904)]);
    let response = client.send_compressed(Gzip).streaming_input_call(requests).await?;
    assert_eq!(response.into_inner().aggregated_payload_size, 73086);
    Ok(())
}

async fn client_streaming(mut client: Client) -> Done {
    let response = client.streaming_input_call(tokio_stream::iter(REQUEST_SIZES.map(input))).await?;
    assert_eq!(response.into_inner().aggregated_payload_size, 74922);
    Ok(())
}

async fn server_streaming(mut client: Client) -> Done {
    let response_parameters = RESPONSE_SIZES.map(parameters).to_vec();
    let request = StreamingOutputCallRequest { response_parameters, ..StreamingOutputCallRequest::default() };
    let mut responses = client.streaming_output_call(request).await?.into_inner();
    for size in RESPONSE_SIZES {
        check_zeros(responses.message().await?.expect("a response").payload, size);
    }
    assert_eq!(responses.message().await?, None);
    Ok(())
}

async fn ping_pong(mut client: Client) -> Done {
    let (requests, sent) = tokio::sync::mpsc::channel(1);
    let mut pings = REQUEST_SIZES.into_iter().zip(RESPONSE_SIZES).map(|(ping, pong)| duplex_request(ping, pong));
    requests.send(pings.next().expect("the first")).await?; // before the header is waited for, which may come with the answer
    let mut responses = client.full_duplex_call(ReceiverStream::new(sent)).await?.into_inner();
    for size in RESPONSE_SIZES {
        check_zeros(responses.message().await?.expect("a response").payload, size);
        if let Some(ping) = pings.next() {
            requests.send(ping).await?;
        }
    }
    drop(requests);
    assert_eq!(responses.message().await?, None);
    Ok(())
}

async fn empty_stream(mut client: Client) -> Done {
    let mut responses = client.full_duplex_call(tokio_stream::empty()).await?.into_inner();
    assert_eq!(responses.message().await?, None);
    Ok(())
}

async fn custom_metadata(mut client: Client) -> Done {
    let (initial, trailing) = ("test_initial_metadata_value", [0xab, 0xab, 0xab]);
    let mut metadata = MetadataMap::new();
    metadata.insert(INITIAL, MetadataValue::from_static(initial));
    metadata.insert_bin(TRAILING, MetadataValue::from_bytes(&trailing));
    let with_metadata = || Request::from_parts(metadata.clone(), Extensions::default(), ());
    let check_trailing = |metadata: &MetadataMap| {
        let value = metadata.get_bin(TRAILING).expect("a trailer");
        assert_eq!(value.to_bytes().expect("base64").as_ref(), trailing);
    };

    let unary = client.unary_call(with_metadata().map(|()| large_request())).await?;
    assert_eq!(unary.metadata().get(INITIAL).expect("a header"), initial);
    check_trailing(unary.metadata()); // tonic puts both into one

    let requests = tokio_stream::iter([duplex_request(271828, 314159)]);
    let duplex = client.full_duplex_call(with_metadata().map(|()| requests)).await?;
    assert_eq!(duplex.metadata().get(INITIAL).expect("a header"), initial);
    let mut responses = duplex.into_inner();
    check_zeros(responses.message().await?.expect("a response").payload, 314159);
    assert_eq!(responses.message().await?, None);
    check_trailing(&responses.trailers().await?.expect("trailers"));
    Ok(())
}

async fn expect_status(mut client: Client, message: &str) -> Done {
    let response_status = Some(EchoStatus { code: 2, message: message.to_owned() });
    let request = SimpleRequest { response_status: response_status.clone(), ..SimpleRequest::default() };
    assert_eq!(check_failure(client.unary_call(request).await, Code::Unknown).message(), message);
    let request = StreamingOutputCallRequest { response_status, ..StreamingOutputCallRequest::default() };
    let outcome = first(client.full_duplex_call(tokio_stream::iter([request])).await).await;
    assert_eq!(check_failure(outcome, Code::Unknown).message(), message);
    Ok(())
}

/// A call fails with its header, or later.
async fn first<T>(call: Result<Response<tonic::Streaming<T>>, Status>) -> Result<Option<T>, Status> {
    call?.into_inner().message().await
}

async fn unimplemented_method(mut client: Client) -> Done {
    check_failure(client.unimplemented_call(Empty {}).await, Code::Unimplemented);
    Ok(())
}

async fn unimplemented_service(channel: Channel) -> Done {
    let outcome = UnimplementedServiceClient::new(channel).unimplemented_call(Empty {}).await;
    check_failure(outcome, Code::Unimplemented);
    Ok(())
}

async fn cancel_after_begin(mut client: Client) -> Done {
    let (begun, begins) = tokio::sync::oneshot::channel();
    let mut begun = Some(begun);
    let requests = tokio_stream::iter(std::iter::from_fn(move || begun.take().map(|begun| begun.send(()))))
        .map(|_| input(27182))
        .chain(tokio_stream::pending());
    tokio::select! {
        outcome = client.streaming_input_call(requests) => panic!("ended by itself: {outcome:?}"),
        _ = begins => {}
    }
    large_unary(client).await
}

async fn cancel_after_first_response(mut client: Client) -> Done {
    let requests = tokio_stream::iter([duplex_request(27182, 31415)]).chain(tokio_stream::pending());
    let mut responses = client.full_duplex_call(requests).await?.into_inner();
    check_zeros(responses.message().await?.expect("a response").payload, 31415);
    drop(responses);
    large_unary(client).await
}

/// Where the server does not notice first, tonic calls it CANCELLED.
async fn timeout_on_sleeping_server(mut client: Client) -> Done {
    let request = StreamingOutputCallRequest { payload: zeros(27182), ..StreamingOutputCallRequest::default() };
    let mut requests = Request::new(tokio_stream::iter([request]).chain(tokio_stream::pending()));
    requests.set_timeout(Duration::from_millis(1));
    let status = first(client.full_duplex_call(requests).await).await.expect_err("a failure");
    let noticed = (status.code(), status.message());
    assert!(status.code() == Code::DeadlineExceeded || noticed == (Code::Cancelled, "Timeout expired"), "{status:?}");
    large_unary(client).await
}

async fn rpc_soak(client: Client) -> Done {
    for _ in 0..10 {
        large_unary(client.clone()).await?;
    }
    Ok(())
}

async fn channel_soak(endpoint: Endpoint) -> Done {
    for _ in 0..10 {
        large_unary(Client::new(endpoint.connect().await?)).await?;
    }
    Ok(())
}

async fn concurrent_large_unary(client: Client) -> Done {
    let mut calls = JoinSet::new();
    for _ in 0..200 {
        let mut client = client.clone();
        calls.spawn(async move { client.unary_call(large_request()).await });
    }
    while let Some(response) = calls.join_next().await {
        check_zeros(response??.into_inner().payload, 314159);
    }
    Ok(())
}

fn endpoint(flags: &Flags) -> Result<Endpoint, tonic::transport::Error> {
    let address = format!("{}:{}", flags.get("server_host"), flags.get("server_port"));
    if !flags.use_tls() {
        return Endpoint::from_shared(format!("http://{address}"));
    }
    let trust = Certificate::from_pem(flags.file("ca_file"));
    Endpoint::from_shared(format!("https://{address}"))?.tls_config(ClientTlsConfig::new().ca_certificate(trust))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Done {
    let flags = Flags::read();
    let endpoint = endpoint(&flags)?;
    let channel = endpoint.connect().await?;
    let client = Client::new(channel.clone());
    match flags.get("test_case") {
        "empty_unary" => empty_unary(client).await,
        "large_unary" => large_unary(client).await,
        "client_compressed_unary_noprobe" => client_compressed_unary_noprobe(client).await,
        "client_compressed_streaming_noprobe" => client_compressed_streaming_noprobe(client).await,
        "client_streaming" => client_streaming(client).await,
        "server_streaming" => server_streaming(client).await,
        "ping_pong" => ping_pong(client).await,
        "empty_stream" => empty_stream(client).await,
        "custom_metadata" => custom_metadata(client).await,
        "status_code_and_message" => expect_status(client, "test status message").await,
        "special_status_message" => {
            expect_status(client, "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n").await
        }
        "unimplemented_method" => unimplemented_method(client).await,
        "unimplemented_service" => unimplemented_service(channel).await,
        "cancel_after_begin" => cancel_after_begin(client).await,
        "cancel_after_first_response" => cancel_after_first_response(client).await,
        "timeout_on_sleeping_server" => timeout_on_sleeping_server(client).await,
        "rpc_soak" => rpc_soak(client).await,
        "channel_soak" => channel_soak(endpoint).await,
        "concurrent_large_unary" => concurrent_large_unary(client).await,
        unknown => Err(format!("--test_case={unknown}: there is none").into()),
    }
}
