package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/rs/cors"
	"google.golang.org/grpc"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// DefaultTimeout is how long a request that is no stream may take.
const DefaultTimeout = 10 * time.Second

// Options are what a handler needs.
type Options struct {
	// Conn leads to the gRPC server, through its interceptors. Required.
	Conn grpc.ClientConnInterface
	// Origins are the other origins ("https://shop.example") whose pages may call the API from a browser; none by default.
	// There are no wildcards.
	Origins []string
	// Timeout bounds requests that are no streams; 0 is DefaultTimeout.
	Timeout time.Duration
}

// Handler answers the HTTP routes of the contract, /openapi.json and the start page. It fails when an origin is none.
func Handler(ctx context.Context, o Options) (http.Handler, error) {
	gateway, err := newGateway(ctx, o.Conn)
	if err != nil {
		return nil, err
	}
	foreign := http.NewCrossOriginProtection()
	foreign.SetDenyHandler(http.HandlerFunc(denyOrigin))
	for _, origin := range o.Origins {
		if u, err := url.Parse(origin); err != nil || u.Host == "" || strings.Contains(origin, "*") || u.Scheme+"://"+u.Host != origin {
			return nil, fmt.Errorf("%q is not an origin like https://shop.example", origin)
		}
		if err := foreign.AddTrustedOrigin(origin); err != nil {
			return nil, err
		}
	}
	api := bounded(clean(gateway), cmp.Or(o.Timeout, DefaultTimeout))
	page := static()
	var h http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if strings.HasPrefix(r.URL.Path, "/v1/") {
			w.Header().Set("Cache-Control", "no-store") // answers are about persons
			api.ServeHTTP(w, r)
			return
		}
		page.ServeHTTP(w, r)
	})
	h = foreign.Handler(h)
	if len(o.Origins) > 0 {
		h = cors.New(cors.Options{
			AllowedOrigins: o.Origins,
			AllowedMethods: []string{http.MethodGet, http.MethodPost, http.MethodDelete},
			AllowedHeaders: []string{"Content-Type", "Accept", "Authorization", "Traceparent"},
			ExposedHeaders: []string{"Retry-After"},
			MaxAge:         int((10 * time.Minute).Seconds()),
		}).Handler(h)
	}
	return h, nil
}

// newGateway translates between HTTP and the RPCs. Its defaults are made for trusting its callers; all of them are set.
func newGateway(ctx context.Context, conn grpc.ClientConnInterface) (http.Handler, error) {
	mux := runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, newJSON()),
		runtime.WithMarshalerOption(mimeEvents, newEvents()),
		runtime.WithIncomingHeaderMatcher(headersIn),
		runtime.WithOutgoingHeaderMatcher(noHeader),
		runtime.WithOutgoingTrailerMatcher(noHeader),
		runtime.WithErrorHandler(writeError),
		runtime.WithRoutingErrorHandler(routingError),
		runtime.WithStreamErrorHandler(streamError),
		runtime.WithDisableHTTPMethodOverride(),
		runtime.WithDisablePathLengthFallback(),
		runtime.WithStrictDeepWildcardMatching(),
		runtime.WithUnescapingMode(runtime.UnescapingModeLegacy), // "as it came": unescape does it
		runtime.WithMiddlewares(unescape, strict(routes(
			veiviserv1.File_veiviser_v1_decision_service_proto, veiviserv1.File_veiviser_v1_visit_service_proto,
			veiviserv1.File_veiviser_v1_catalog_service_proto, veiviserv1.File_veiviser_v1_plan_service_proto,
			veiviserv1.File_veiviser_v1_insight_service_proto,
		))),
	)
	for _, register := range []func() error{
		func() error {
			return veiviserv1.RegisterDecisionServiceHandlerClient(ctx, mux, veiviserv1.NewDecisionServiceClient(conn))
		},
		func() error {
			return veiviserv1.RegisterVisitServiceHandlerClient(ctx, mux, veiviserv1.NewVisitServiceClient(conn))
		},
		func() error {
			return veiviserv1.RegisterCatalogServiceHandlerClient(ctx, mux, veiviserv1.NewCatalogServiceClient(conn))
		},
		func() error {
			return veiviserv1.RegisterPlanServiceHandlerClient(ctx, mux, veiviserv1.NewPlanServiceClient(conn))
		},
		func() error {
			return veiviserv1.RegisterInsightServiceHandlerClient(ctx, mux, veiviserv1.NewInsightServiceClient(conn))
		},
	} {
		if err := register(); err != nil {
			return nil, err
		}
	}
	return mux, nil
}

// Limits of a connection.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 15 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 16 << 10
)

// Server serves h with limits that no client can stretch; streams set their own as they go. Its owner listens, with a
// bound on the number of connections, and shuts down.
func Server(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
	}
}
