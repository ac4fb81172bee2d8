package config_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/veiviser/veiviser/internal/config"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "veiviser.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestNothingIsTheDemo(t *testing.T) {
	got, err := config.Parse(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(config.Default(), got); diff != "" {
		t.Error(diff)
	}
	if got.RedisURL != "" || !strings.HasPrefix(got.GRPCAddr, "127.0.0.1:") || !strings.HasPrefix(got.HTTPAddr, "127.0.0.1:") {
		t.Errorf("the default is no loopback demo: %+v", got)
	}
}

func TestLaterSourcesWin(t *testing.T) {
	path := write(t, "tenant: file\nlog-level: debug\nrequest-timeout: 2s\ncors-origins: [https://a.example, https://b.example]\nmax-in-flight: 7\n")
	t.Setenv("VEIVISER_LOG_LEVEL", "warn")
	t.Setenv("VEIVISER_TENANT", "env")
	got, err := config.Parse([]string{"--config", path, "--tenant=flag"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := config.Default()
	want.Config, want.Tenant, want.LogLevel, want.RequestTimeout, want.MaxInFlight = path, "flag", "warn", 2*time.Second, 7
	want.CORSOrigins = []string{"https://a.example", "https://b.example"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestMistakesAreNamed(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"unknown flag":      {[]string{"--redis", "x"}, "unknown flag --redis"},
		"unknown in file":   {[]string{"--config=" + write(t, "redis_url: x")}, `unknown setting "redis_url"`},
		"bad level":         {[]string{"--log-level=loud"}, "--log-level must be one of"},
		"bad value in file": {[]string{"--config=" + write(t, "max-in-flight: many")}, "max-in-flight"},
		"no such file":      {[]string{"--config=/does/not/exist"}, "no such file"},
		"no YAML":           {[]string{"--config=" + write(t, "{")}, "yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Parse(c.args, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	var out bytes.Buffer
	if _, err := config.Parse([]string{"--help"}, &out); !errors.Is(err, config.ErrHelp) {
		t.Fatalf("got %v", err)
	}
	if !strings.Contains(out.String(), "--redis-url") || !strings.Contains(out.String(), "VEIVISER_REDIS_URL") {
		t.Errorf("usage without the settings:\n%s", out.String())
	}
}
