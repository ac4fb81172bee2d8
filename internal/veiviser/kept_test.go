package veiviser_test

import (
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Who once ordered and waits for nothing is forgotten with the rest; an order that she waits for is not.
func TestKeptOrders(t *testing.T) {
	at := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	arrived := veiviser.Order{ID: 1, Placed: at.Add(-time.Hour), Promised: at, Delivered: at}
	returned := veiviser.Order{ID: 2, Placed: at.Add(-time.Hour), Promised: at, Returned: at}
	waited := veiviser.Order{ID: 3, Placed: at.Add(-time.Hour), Promised: at.Add(time.Hour)}
	v := veiviser.Visitor{ID: "ada", Standing: veiviser.Standing{Orders: []veiviser.Order{arrived, returned}}}
	if kept, _ := v.Kept(at); kept != nil {
		t.Errorf("kept of somebody who waits for nothing: %+v", kept)
	}
	v.Standing.Orders = append(v.Standing.Orders, waited)
	kept, until := v.Kept(at)
	if kept == nil || len(kept.Standing.Orders) != 1 || kept.Standing.Orders[0].ID != 3 || !until.Equal(at.Add(veiviser.KeepEndless)) {
		t.Errorf("kept %+v until %v", kept, until)
	}
}
