// Package planpbtest gives tests the plans that come with the service, without reading their YAML again each time.
package planpbtest

import (
	"sync"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/veiviser/veiviser/internal/planpb"
	"github.com/veiviser/veiviser/internal/veiviser"
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// read are the plans read so far, by name.
var read sync.Map // of *veiviserv1.Plan

// Bundle is a plan that comes with the service, for the caller to change.
func Bundle(tb testing.TB, name string) *veiviserv1.Plan {
	tb.Helper()
	if p, ok := read.Load(name); ok {
		return proto.CloneOf(p.(*veiviserv1.Plan)) //nolint:errcheck // nothing else is stored
	}
	folder, err := planpb.Bundle(name)
	if err != nil {
		tb.Fatal(err)
	}
	p, _, err := planpb.ReadFS(folder)
	if err != nil {
		tb.Fatal(err)
	}
	read.Store(name, p)
	return proto.CloneOf(p)
}

// Plan is [Bundle] in the words of the product.
func Plan(tb testing.TB, name string) *veiviser.Plan {
	tb.Helper()
	return planpb.FromProto(Bundle(tb, name))
}
