package simulate

import (
	"testing"

	"github.com/veiviser/veiviser/internal/planpb/planpbtest"
)

// bundled is the world of a plan that comes with the service.
func bundled(tb testing.TB, name string, seed uint64) *World {
	tb.Helper()
	return NewWorld(ShopOf(planpbtest.Plan(tb, name), "card"), seed)
}
