/** What grpc-js cannot do whoever asks, by story. */
export const grpcJsSkips: { readonly [title: string]: string } = {
  "a text key that is repeated in header or trailer keeps its values apart":
    'node:http2 joins repeated fields of a response with ", ", which gRPC allows, and grpc-js passes on nothing else',
};
