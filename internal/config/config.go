// Package config reads the settings of the server: defaults, then a YAML file, then environment variables, then flags;
// what comes later wins. Every setting is spelled once, as the name of its flag: --grpc-addr is "grpc-addr" in the file and
// VEIVISER_GRPC_ADDR in the environment. Unknown names in the file are errors with a suggestion.
//
// With no settings at all the server is a working demonstration: an embedded store, the bundled sample plan, and ports on
// the loopback interface.
//
//	cfg, err := config.Parse([]string{"--redis-url", "redis://localhost:6379/0"}, os.Stdout)
package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

// Config is every setting of the server.
type Config struct {
	GRPCAddr  string `name:"grpc-addr" default:"127.0.0.1:50051" help:"Address of the gRPC listener."`
	HTTPAddr  string `name:"http-addr" default:"127.0.0.1:8080" help:"Address of the HTTP/JSON gateway."`
	AdminAddr string `name:"admin-addr" default:"127.0.0.1:9090" help:"Address of metrics, health and profiling; keep it internal."`

	RedisURL   string `name:"redis-url" help:"Where state is kept: redis://, rediss://, unix://, nodes of a cluster separated by commas, or redis+sentinel://. Empty keeps state in memory, for trying out."`
	Tenant     string `name:"tenant" default:"default" help:"Whose data this server works on; at most 64 bytes."`
	Partitions int    `name:"partitions" default:"256" help:"Partitions of a tenant; fixed when the tenant is created."`

	StoreTimeout time.Duration `name:"store-timeout" default:"0s" help:"Longest wait for one step of the store before an answer is made without it; 0 is 200ms with Redis and 2s embedded."`

	Plan   string `name:"plan" help:"Plan to publish at start: a folder of YAML, or the name of a bundled plan. Empty publishes the sample plan if nothing is published yet."`
	Config string `name:"config" help:"YAML file with any of these settings."`

	PlanOnly bool `name:"plan-only" help:"Decide by the plan alone: what comes of decisions is still gathered, but what was learned from it is not used."`

	LogLevel  string `name:"log-level" default:"info" enum:"debug,info,warn,error" help:"Least severe level to log: debug, info, warn or error."`
	LogFormat string `name:"log-format" default:"text" enum:"text,json" help:"Form of the log: text or json."`

	CORSOrigins     []string      `name:"cors-origins" help:"Origins that browsers may call the gateway from, exact, separated by commas. Empty allows none."`
	RequestTimeout  time.Duration `name:"request-timeout" default:"5s" help:"Longest time one call may take; callers may ask for less."`
	ShutdownTimeout time.Duration `name:"shutdown-timeout" default:"10s" help:"How long calls under way may finish after a stop signal."`
	MaxInFlight     int           `name:"max-in-flight" default:"512" help:"Calls worked on at once; more are refused with RESOURCE_EXHAUSTED."`
	MaxConnections  int           `name:"max-connections" default:"4096" help:"Connections held at once by each listener; further ones wait."`
	OTLPEndpoint    string        `name:"otlp-endpoint" help:"host:port of an OpenTelemetry collector (gRPC) for traces. Empty traces nothing."`
	TraceRatio      float64       `name:"trace-ratio" default:"0.01" help:"Share of calls traced, 0 to 1, when nobody upstream decided."`
}

// envPrefix is what the names of environment variables begin with.
const envPrefix = "VEIVISER"

// ErrHelp is returned by Parse when the usage was asked for and has been printed.
var ErrHelp = errors.New("help was printed")

// Default is the configuration without file, environment or flags.
func Default() Config {
	var c Config
	p, err := kong.New(&c, kong.Name("server"))
	if err == nil {
		_, err = p.Parse(nil)
	}
	if err != nil { // the tags above are wrong; a test would have shown it
		panic(err)
	}
	return c
}

// Parse reads the command line (without the program's name), the environment, and the file that --config names. Usage goes
// to out, and ErrHelp is returned, when --help is among args.
func Parse(args []string, out io.Writer) (Config, error) {
	var c Config
	helped := false
	p, err := kong.New(&c, kong.Name("server"),
		kong.Description("Veiviser: which content or offer best serves this visitor's current purchase decision?"),
		kong.DefaultEnvars(envPrefix), kong.Writers(out, io.Discard), kong.Exit(func(int) { helped = true }))
	if err != nil {
		return c, err
	}
	if path := filePath(args); path != "" {
		file, err := os.ReadFile(path)
		if err != nil {
			return c, fmt.Errorf("config: %w", err)
		}
		resolve, err := fileResolver(p.Model, path, file)
		if err != nil {
			return c, err
		}
		if err := kong.Resolvers(resolve).Apply(p); err != nil {
			return c, err
		}
	}
	_, err = p.Parse(args)
	if helped {
		return c, ErrHelp
	}
	return c, err
}

// filePath finds --config before the real parse, because the file itself is an input of that.
func filePath(args []string) string {
	for i, a := range args {
		if v, ok := strings.CutPrefix(a, "--config="); ok {
			return v
		}
		if a == "--config" && i+1 < len(args) {
			return args[i+1]
		}
	}
	return os.Getenv(envPrefix + "_CONFIG")
}

// fileResolver gives the file's values for settings that the environment leaves open.
func fileResolver(model *kong.Application, path string, file []byte) (kong.Resolver, error) {
	values := map[string]any{}
	if err := yaml.Unmarshal(file, &values); err != nil {
		return nil, fmt.Errorf("config: %s: %w", path, err)
	}
	var known []string
	for _, f := range model.Flags {
		known = append(known, f.Name)
	}
	for name := range values {
		if !slices.Contains(known, name) || name == "config" || name == "help" {
			return nil, fmt.Errorf("config: %s: unknown setting %q; known are %s", path, name, strings.Join(known, ", "))
		}
	}
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		for _, env := range flag.Envs {
			if _, set := os.LookupEnv(env); set {
				return nil, nil //nolint:nilnil // kong's way to say "no value here"
			}
		}
		v, ok := values[flag.Name]
		if !ok {
			return nil, nil //nolint:nilnil // as above
		}
		if list, ok := v.([]any); ok {
			parts := make([]string, len(list))
			for i := range list {
				parts[i] = fmt.Sprint(list[i])
			}
			return strings.Join(parts, ","), nil
		}
		return fmt.Sprint(v), nil
	}), nil
}
