package veiviser

import (
	"fmt"
	"testing"
	"time"
)

// The showings nearest to each other are counted together first, and only those of one item in one place that count for good.
func TestFoldContacts(t *testing.T) {
	at := func(item string, minute int, decision uint64) Contact {
		return Contact{ItemID: item, Time: noonOn.Add(time.Duration(minute) * time.Minute), Decision: decision, Keep: noonOn.Add(time.Duration(90-minute) * time.Hour)}
	}
	list := []Contact{at("a", 0, 1), at("b", 1, 2), at("a", 30, 3), at("a", 35, 4), at("c", 36, 5), at("c", 37, 6), at("b", 90, 7), at("d", 91, 8), at("d", 92, 9)}
	list[5].Until = noonOn.Add(time.Hour)
	list[8].Topics = []string{"bike"}
	for _, tt := range []struct {
		over int
		want string
	}{
		{0, "[a1 b1 a1 a1 c1 c1 b1 d1 d1]"}, {1, "[a1 b1 a2 c1 c1 b1 d1 d1]"}, {2, "[b1 a3 c1 c1 b1 d1 d1]"}, {9, "[a3 c1 c1 b2 d1 d1]"},
	} {
		folded := FoldContacts(append([]Contact(nil), list...), tt.over)
		var got []string
		for i := range folded {
			got = append(got, fmt.Sprint(folded[i].ItemID, folded[i].Count()))
		}
		if fmt.Sprint(got) != tt.want {
			t.Errorf("over %d: %v, want %s", tt.over, got, tt.want)
		}
		if tt.over == 9 {
			if x := &folded[0]; !x.Time.Equal(noonOn.Add(35*time.Minute)) || !x.Keep.Equal(noonOn.Add(90*time.Hour)) || !x.By(1) || !x.By(3) || !x.By(4) {
				t.Errorf("three as one: %+v", x)
			}
		}
	}
}
