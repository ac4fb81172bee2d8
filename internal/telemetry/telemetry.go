// Package telemetry makes the instruments that are handed to the rest: a logger, a metrics registry, a tracer provider.
// There are no global instruments: two servers in one process do not share any.
package telemetry

import (
	"context"
	"io"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Logger writes structured lines to w: format "json" or text, from the level named on ("debug", "info", "warn", "error").
func Logger(w io.Writer, format, level string) *slog.Logger {
	var l slog.Level
	_ = l.UnmarshalText([]byte(level)) // a wrong name is info; config has checked it
	o := &slog.HandlerOptions{Level: l}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// Registry is a metrics registry with the figures of the Go runtime and the process.
func Registry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return r
}

// Tracer sends spans to the OpenTelemetry collector at endpoint (host:port, gRPC without TLS), sampling the given share
// of calls that nobody upstream decided about. Shutdown flushes it. With an empty endpoint it returns nil: nothing is
// traced and nothing costs.
func Tracer(ctx context.Context, endpoint string, ratio float64) (*sdktrace.TracerProvider, error) {
	if endpoint == "" {
		return nil, nil //nolint:nilnil // nil is the documented way to trace nothing
	}
	exporter, err := otlptracegrpc.New(ctx, otlptracegrpc.WithEndpoint(endpoint), otlptracegrpc.WithInsecure())
	if err != nil {
		return nil, err
	}
	return sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter),
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(ratio))),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", "veiviser"))),
	), nil
}
