package api

import (
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/recovery"
	"google.golang.org/grpc"
)

// chain is what every RPC passes through, outermost first. This is the only place that orders it.
func (e *edge) chain() (unary []grpc.UnaryServerInterceptor, stream []grpc.StreamServerInterceptor) {
	recovered := recovery.WithRecoveryHandlerContext(e.recovered)
	unary = []grpc.UnaryServerInterceptor{
		e.beginUnary, // request id
		e.metrics.UnaryServerInterceptor(),
		e.logUnary,
		e.statusUnary, // from here inwards errors are errors, from here outwards they are statuses
		recovery.UnaryServerInterceptor(recovered),
		e.admitUnary,
		e.validateUnary,
		e.deadlineUnary,
	}
	stream = []grpc.StreamServerInterceptor{
		e.beginStream, // request id; the stream ends when the service stops
		e.metrics.StreamServerInterceptor(),
		e.logStream,
		e.statusStream,
		recovery.StreamServerInterceptor(recovered),
		e.validateStream,
	}
	return unary, stream
}
