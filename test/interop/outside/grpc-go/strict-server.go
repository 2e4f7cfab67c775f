// The interop server of grpc-go, as strict as its flags say. SIGTERM is a GracefulStop.
package main

import (
	"flag"
	"log"
	"net"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/interop"
	testgrpc "google.golang.org/grpc/interop/grpc_testing"
	"google.golang.org/grpc/keepalive"
)

var (
	port          = flag.Int("port", 10000, "The server port")
	streams       = flag.Uint("max_concurrent_streams", 100, "Calls at once on one connection")
	pingInterval  = flag.Duration("min_ping_interval", 5*time.Minute, "Who pings more often is thrown out")
	idlePings     = flag.Bool("permit_idle_pings", false, "Whether a client may ping while it makes no calls")
	window        = flag.Int("window_bytes", 0, "Initial window of streams and connections; 0 leaves it to the BDP probes")
	maxAge        = flag.Duration("max_connection_age", 0, "Connections are told to leave after that; 0 means never")
	maxHeaderList = flag.Uint("max_header_list_bytes", 0, "What clients may send of fields; 0 means grpc-go's default")
)

func main() {
	flag.Parse()
	listener, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(*port))
	if err != nil {
		log.Fatal(err)
	}
	options := []grpc.ServerOption{
		grpc.MaxConcurrentStreams(uint32(*streams)),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{
			MinTime:             *pingInterval,
			PermitWithoutStream: *idlePings,
		}),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionAge: *maxAge}),
		grpc.MaxRecvMsgSize(64 << 20),
	}
	if *window > 0 {
		options = append(options, grpc.StaticStreamWindowSize(int32(*window)), grpc.StaticConnWindowSize(int32(*window)))
	}
	if *maxHeaderList > 0 {
		options = append(options, grpc.MaxHeaderListSize(uint32(*maxHeaderList)))
	}
	server := grpc.NewServer(options...)
	testgrpc.RegisterTestServiceServer(server, interop.NewTestServer())

	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	go func() {
		<-told
		server.GracefulStop()
	}()
	if err := server.Serve(listener); err != nil {
		log.Fatal(err)
	}
}
