package simulate

import (
	"testing"

	"github.com/veiviser/veiviser/internal/planpb"
)

// bundled is the world of a plan that comes with the service.
func bundled(tb testing.TB, name string, seed uint64) *World {
	tb.Helper()
	files, err := planpb.Bundle(name)
	if err != nil {
		tb.Fatal(err)
	}
	p, _, err := planpb.ReadFS(files)
	if err != nil {
		tb.Fatal(err)
	}
	return NewWorld(ShopOf(planpb.FromProto(p), "card"), seed)
}
