package app_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/veiviser/veiviser/internal/app"
	"github.com/veiviser/veiviser/internal/config"
	"github.com/veiviser/veiviser/internal/planpb"
	"github.com/veiviser/veiviser/internal/planpb/planpbtest"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// redisVariable names the Redis that tests may use; they keep to tenants of their own.
const redisVariable = "VEIVISER_TEST_REDIS"

// stores are where state is kept, by name; the first is the one that -update listens to.
var stores = []struct {
	name string
	url  func(t *testing.T) string
}{
	{"embedded", func(*testing.T) string { return "" }},
	{"redis", redisURL},
}

// redisURL is the Redis to test with; without one the test is skipped.
func redisURL(t *testing.T) string {
	t.Helper()
	url := os.Getenv(redisVariable)
	if url == "" {
		t.Skipf("%s names no Redis", redisVariable)
	}
	return url
}

// settings are those of a server on free ports, for a tenant that nobody else uses.
func settings(url string) config.Config {
	cfg := config.Default()
	cfg.GRPCAddr, cfg.HTTPAddr, cfg.AdminAddr = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.RedisURL, cfg.Tenant, cfg.Partitions = url, "scenario-"+rand.Text(), 16
	return cfg
}

// startServer starts a server that stops with the test.
func startServer(t *testing.T, cfg config.Config) *app.App {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	a, err := app.Start(ctx, cfg, slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.Stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return a
}

// samplePlan is the plan that comes with the service.
func samplePlan(t *testing.T) *veiviserv1.Plan {
	t.Helper()
	return bundledPlan(t, "sykkel")
}

// bundledPlan is one of the plans that come with the service.
func bundledPlan(t *testing.T, name string) *veiviserv1.Plan {
	t.Helper()
	return planpbtest.Bundle(t, name)
}

// readPlan reads a plan, or a part of one, in the form that marketers write.
func readPlan(t *testing.T, text []byte) *veiviserv1.Plan {
	t.Helper()
	p, _, err := planpb.ReadFS(fstest.MapFS{"plan.yaml": &fstest.MapFile{Data: text}})
	if err != nil {
		t.Fatalf("plan: %v", err)
	}
	return p
}

// planFolder writes a plan where a server can read it.
func planFolder(t *testing.T, p *veiviserv1.Plan) string {
	t.Helper()
	text, err := planpb.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "plan.yaml"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	return folder
}

// patch lays part over a plan: journeys, segments, placements and items over those of the same id, field by field, or
// behind the others; whatever else part says in place of what was said. Lists are replaced as a whole.
func patch(whole, part protoreflect.Message) {
	part.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		key := identity(f)
		switch {
		case f.IsList() && key != nil:
			list := whole.Mutable(f).List()
			for i := range v.List().Len() {
				m := v.List().Get(i).Message()
				if at := find(list, key, m.Get(key).String()); at >= 0 {
					patch(list.Get(at).Message(), m)
				} else {
					list.Append(protoreflect.ValueOfMessage(m))
				}
			}
		case laidOver(f):
			patch(whole.Mutable(f).Message(), v.Message())
		default:
			whole.Set(f, v)
		}
		return true
	})
}

// laidOver reports whether a field is a part of the plan that is patched field by field.
func laidOver(f protoreflect.FieldDescriptor) bool {
	if f.Message() == nil || f.IsList() || f.IsMap() {
		return false
	}
	switch f.Message().Name() {
	case "Policy", "Relationship", "Recovery", "AcquisitionPolicy":
		return true
	default:
		return false
	}
}

// identity is the field that tells the elements of a list apart, or nil.
func identity(f protoreflect.FieldDescriptor) protoreflect.FieldDescriptor {
	if !f.IsList() || f.Message() == nil || f.Message().Name() == "ResponseEffect" {
		return nil
	}
	for _, name := range []protoreflect.Name{"id", "item_id"} {
		if key := f.Message().Fields().ByName(name); key != nil {
			return key
		}
	}
	return nil
}

func find(list protoreflect.List, key protoreflect.FieldDescriptor, id string) int {
	for i := range list.Len() {
		if list.Get(i).Message().Get(key).String() == id {
			return i
		}
	}
	return -1
}

// without takes elements out of a plan, "items/offer-lock", or what it says of something, "relationship.recovery".
func without(t *testing.T, p *veiviserv1.Plan, names string) {
	t.Helper()
	for name := range strings.FieldsSeq(names) {
		list, id, element := strings.Cut(name, "/")
		if !element {
			unsay(t, p.ProtoReflect(), name)
			continue
		}
		f := p.ProtoReflect().Descriptor().Fields().ByName(protoreflect.Name(list))
		if f == nil || identity(f) == nil {
			t.Fatalf("%q is no part of a plan", name)
		}
		from := p.ProtoReflect().Mutable(f).List()
		at := find(from, identity(f), id)
		if at < 0 {
			t.Fatalf("the plan has no %q", name)
		}
		for i := at; i+1 < from.Len(); i++ {
			from.Set(i, from.Get(i+1))
		}
		from.Truncate(from.Len() - 1)
	}
}

// unsay clears a field of a plan, given by its path.
func unsay(t *testing.T, in protoreflect.Message, path string) {
	t.Helper()
	name, rest, deeper := strings.Cut(path, ".")
	f := in.Descriptor().Fields().ByName(protoreflect.Name(name))
	switch {
	case f == nil:
		t.Fatalf("%q is no part of a plan", path)
	case deeper:
		unsay(t, in.Mutable(f).Message(), rest)
	default:
		in.Clear(f)
	}
}
