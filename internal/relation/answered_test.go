package relation

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// Two identities of one person are not asked again what either has answered; what is kept stays bounded.
func TestMergeUnitesAnswered(t *testing.T) {
	a, b := veiviser.Standing{Answered: []string{"x", "y"}}, veiviser.Standing{Answered: []string{"y", "z"}}
	Merge(&a, &b, time.Time{})
	if want := []string{"z", "x", "y"}; !slices.Equal(a.Answered, want) {
		t.Errorf("%v, want %v", a.Answered, want)
	}
	Merge(&a, &b, time.Time{})
	if len(a.Answered) != 3 || len(b.Answered) != 2 {
		t.Errorf("%v %v", a.Answered, b.Answered)
	}
	for i := range veiviser.MaxAnswered {
		b.Answered = append(b.Answered, strconv.Itoa(i))
	}
	if Merge(&a, &b, time.Time{}); len(a.Answered) != veiviser.MaxAnswered || !slices.Contains(a.Answered, "x") {
		t.Errorf("%v", a.Answered)
	}
	var none veiviser.Standing
	if Merge(&none, &veiviser.Standing{}, time.Time{}); none.Answered != nil {
		t.Errorf("%v", none.Answered)
	}
}
